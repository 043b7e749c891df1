"""Mappings from streams and queues to functions: filters on what records do not have, streams that are no longer written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend
from nephoscope_aws.looking.referring import refer

_COMMON = frozenset({"eventSource", "eventSourceARN", "awsRegion", "eventName", "eventVersion", "eventID", "invokeIdentityArn"})
_FIELDS = {
    "sqs": _COMMON | {"body", "messageId", "receiptHandle", "attributes", "messageAttributes", "md5OfBody", "md5OfMessageAttributes"},
    "kinesis": _COMMON | {"data", "partitionKey", "sequenceNumber", "kinesisSchemaVersion", "approximateArrivalTimestamp"},
    "dynamodb": _COMMON | {"dynamodb", "userIdentity"},
}
"""What a record has that a mapping's filter is held against, by the service it comes from."""
_DATA = {"sqs": "body", "kinesis": "data", "dynamodb": "dynamodb"}
"""Where the sender's own words stand in it."""
_AS_SENT = ("sqs", "kinesis")
_TABLE_STREAM = "/stream/"


def _mappings(judging: Judging) -> Iterator[tuple[ResourceRef, str]] | None:
    """The mappings of the function, with what each reads; ``None`` while they are not known."""
    named = judging.look.strings(judging.subject, "mappings")
    if named is None:
        return None
    found = [
        (ref, judging.look.value(ref, "source")) for one in named if (ref := refer(judging.view, judging.subject, "lambda:event-source-mapping", one))
    ]
    return None if any(source is UNKNOWN for _, source in found) else ((ref, str(source)) for ref, source in found)


def function_filter_never_matches(judging: Judging) -> Truth:
    """Every filter of a mapping asks for something that records of its source never have."""
    mappings = _mappings(judging)
    if mappings is None:
        return None
    found: list[Truth] = []
    for mapping, source in mappings:
        fields, filters = _FIELDS.get(source.split(":")[2] if source.count(":") > 2 else ""), judging.look.value(mapping, "filters")
        if filters is UNKNOWN or hidden(filters):
            found.append(None)
            continue
        patterns = [_pattern(one) for one in filters] if isinstance(filters, list) else []
        strange = [sorted(pattern.keys() - fields) for pattern in patterns] if fields else []
        found.append(bool(strange) and all(strange))
        if found[-1]:
            service = source.split(":")[2]
            judging.details |= {"field": strange[0][0], "source": source.rpartition(":")[2], "data": _DATA[service], "mapping": mapping.native_id}
            right = [_headed(pattern, strange[number], service) for number, pattern in enumerate(patterns)]
            judging.details |= {"filters": [{"Pattern": json.dumps(one)} for one in right]} if all(right) else {}
            judging.suppose.append(mend(mapping, "filters", None))
            break
    return any_of(found)


def _headed(pattern: Mapping[str, Any], strange: Sequence[str], service: str) -> dict[str, Any] | None:
    """The same pattern where the sender's words stand; ``None`` where records of the service do not hold them as they were sent."""
    if service not in _AS_SENT or len(strange) != len(pattern):
        return None
    inner = pattern[strange[0]] if list(strange) in ([_DATA[other]] for other in _AS_SENT) else dict(pattern)
    return {_DATA[service]: inner}


def _pattern(filter_: object) -> Mapping[str, Any]:
    text = filter_.get("Pattern") if isinstance(filter_, dict) else None
    try:
        pattern = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return pattern if isinstance(pattern, dict) else {}


def function_reads_old_stream(judging: Judging) -> Truth:
    """A mapping reads a stream that ended, and none reads the one that the table has now: it gets a new one when its stream is set anew."""
    mappings = _mappings(judging)
    if mappings is None:
        return None
    found: list[Truth] = []
    read = list(mappings)
    for mapping, source in read:
        if ":dynamodb:" not in source or _TABLE_STREAM not in source:
            continue
        table = refer(judging.view, judging.subject, "dynamodb:table", source.partition(_TABLE_STREAM)[0])
        latest = judging.look.value(table, "stream.arn") if table else None
        on = judging.look.value(table, "stream") if table else None
        if table is None or latest is UNKNOWN or on is UNKNOWN:
            found.append(None)
            continue
        ended = isinstance(on, dict) and on.get("StreamEnabled") is True and isinstance(latest, str)
        found.append(ended and latest not in {one for _, one in read})
        if found[-1]:
            judging.details |= {"table": table.label, "old": source.rpartition("/")[2], "latest": str(latest), "mapping": mapping.native_id}
            judging.suppose.append(mend(mapping, "source", str(latest)))
            break
    return any_of(found)


JUDGES: Mapping[str, Judge] = named_judge(function_filter_never_matches, function_reads_old_stream)
