"""What an event looks like at each stop of its way, as far as it can be known before it happens."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.delivery import content
from nephoscope_aws.delivery.content import UNKNOWN
from nephoscope_aws.iam.truth import Truth, all_of, any_of

OBJECT_CREATED = "Object Created"
OBJECT_DELETED = "Object Deleted"
_DETAIL_TYPES = {
    "ObjectCreated": OBJECT_CREATED,
    "ObjectRemoved": OBJECT_DELETED,
    "ObjectRestore": "Object Restore Completed",
    "ObjectTagging": "Object Tags Added",
}


def bus_event(bucket: str, event: str, account: str, region: str, key: str | None = None) -> Mapping[str, object]:
    """The object event as it comes to the event bus. ``key`` ``None``: not known."""
    thing: Mapping[str, object] = {
        "key": UNKNOWN if key is None else key,
        "size": UNKNOWN,
        "etag": UNKNOWN,
        "sequencer": UNKNOWN,
        "version-id": UNKNOWN,
    }
    family = event.removeprefix("s3:").split(":", 1)[0]
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": _DETAIL_TYPES.get(family, UNKNOWN),
        "account": account or UNKNOWN,
        "region": region or UNKNOWN,
        "id": UNKNOWN,
        "time": UNKNOWN,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": thing, "reason": UNKNOWN, "requester": UNKNOWN, "request-id": UNKNOWN,
                   "source-ip-address": UNKNOWN, "deletion-type": UNKNOWN},
    }  # fmt: skip


def notification_body(bucket: str, event: str, key: str | None = None) -> Mapping[str, object]:
    """The object event as a bucket notification sends it to a queue, topic or function."""
    record = {
        "eventSource": "aws:s3",
        "eventName": event.removeprefix("s3:"),
        "eventVersion": UNKNOWN,
        "awsRegion": UNKNOWN,
        "eventTime": UNKNOWN,
        "userIdentity": UNKNOWN,
        "requestParameters": UNKNOWN,
        "responseElements": UNKNOWN,
        "s3": {"bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": {"key": UNKNOWN if key is None else key, "size": UNKNOWN}},
    }
    return {"Records": [record]}


def queue_record(body: object) -> Mapping[str, object]:
    """A queue's message as an event source mapping shows it to its filter."""
    return {"messageId": UNKNOWN, "body": body, "attributes": UNKNOWN, "messageAttributes": UNKNOWN, "eventSource": "aws:sqs"}


def topic_envelope(topic: str) -> Mapping[str, object]:
    """The wrapping a topic puts round a message unless raw delivery is on; the message itself is then a text and cannot be filtered on."""
    return {"Type": "Notification", "TopicArn": topic, "Message": "text", "MessageId": UNKNOWN, "Timestamp": UNKNOWN}


def subscription_passes(policy: object, scope: str, *, attributes: object, body: object) -> Truth:
    """Whether a message passes a subscription's filter policy, by its attributes or its body."""
    return content.matches(policy, body if scope == "MessageBody" else attributes)


def mapping_passes(filters: object, record: object) -> Truth:
    """Whether a record passes an event source mapping: any of its filters suffices, none at all lets everything through."""
    patterns = [one.get("Pattern") for one in filters if isinstance(one, Mapping)] if isinstance(filters, list) else []
    return any_of(_pattern_passes(one, record) for one in patterns) if patterns else True


def _pattern_passes(pattern: object, record: object) -> Truth:
    import json

    try:
        decoded = json.loads(pattern) if isinstance(pattern, str) else pattern
    except ValueError:
        return None
    return all_of([content.matches(decoded, record)])
