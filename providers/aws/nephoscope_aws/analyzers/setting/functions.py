"""Functions: what their environment names, how long they run, which version is called. Queues: where their failures go."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge, told_missing
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend
from nephoscope_aws.looking.referring import estate, refer

_ARN_TYPES = {
    "dynamodb": "dynamodb:table", "sqs": "sqs:queue", "sns": "sns:topic", "lambda": "lambda:function", "secretsmanager": "secretsmanager:secret",
    "states": "stepfunctions:state-machine", "kinesis": "kinesis:stream",
}  # fmt: skip
_KEYS = (
    (re.compile(r"(^|_)TABLE(_?NAME)?$", re.IGNORECASE), "dynamodb:table"),
    (re.compile(r"(^|_)BUCKET(_?NAME)?$", re.IGNORECASE), "s3:bucket"),
    (re.compile(r"(^|_)QUEUE(_?URL)?$", re.IGNORECASE), "sqs:queue"),
    (re.compile(r"(^|_)(DELIVERY_?)?STREAM(_?NAME)?$", re.IGNORECASE), "kinesis:stream"),
    (re.compile(r"(^|_)FUNCTION(_?NAME)?$", re.IGNORECASE), "lambda:function"),
    (re.compile(r"(^|_)(SSM|PARAM(ETER)?)(_?(NAME|PATH|KEY))?$", re.IGNORECASE), "ssm:parameter"),
)
"""What the key of a setting says that its value names. Only these: anything else may be a name of the program's own."""
_QUEUE_URL = re.compile(r"https://(?:sqs\.)?[a-z0-9.-]+/(\d{12})/([A-Za-z0-9_-]+(?:\.fifo)?)\Z")
_PATH = re.compile(r"/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+\Z")
"""A parameter's name is taken for one only where it is a path: its end alone names no whole parameter."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,254}\Z")
_NEAR_TIMEOUT = 0.97


def _named(judging: Judging, environment: Mapping[str, Any]) -> Iterator[tuple[str, ResourceRef]]:
    for key, value in environment.items():
        native_type, text = meaning(str(key), str(value))
        ref = refer(judging.view, judging.subject, native_type, text) if native_type else None
        if ref is not None and ref.account in (judging.subject.account, ""):
            yield str(key), ref


def meaning(key: str, value: str) -> tuple[str, str]:
    """Type and name of what a setting surely names; empty for anything else."""
    queue = _QUEUE_URL.match(value)
    if queue:
        return "sqs:queue", value
    if value.startswith("arn:") and value.count(":") >= 5:
        service = value.split(":")[2]
        whole = service not in ("dynamodb", "lambda") or (value.count("/") <= 1 and value.count(":") <= 6)
        return (_ARN_TYPES.get(service, ""), value) if whole and "*" not in value else ("", "")
    known = next((native_type for pattern, native_type in _KEYS if pattern.search(key)), "")
    if known == "ssm:parameter":
        return (known, value.removeprefix("/")) if _PATH.match(value) else ("", "")
    return (known, value) if known and _NAME.match(value) else ("", "")


def environment_names_missing(judging: Judging) -> Truth:
    """A setting of the function names something of ours that does not exist."""
    environment = judging.look.value(judging.subject, "environment")
    if environment is UNKNOWN:
        return None
    found: list[Truth] = []
    for key, ref in _named(judging, environment if isinstance(environment, dict) else {}):
        there = judging.look.exists(ref)
        found.append(None if there is None else not there)
        unlisted = there is False and _listable(ref.native_type) and judging.view.complete(ref.native_type, ref.region) is None
        if unlisted and judging.awaits(FactQuery(kind=ref.native_type, attribute="complete")):
            return None  # what there is may tell what was meant
        if there is False:
            near = _near(judging, ref)
            judging.details |= {
                **told_missing(judging, ref),
                "key": key,
                "meant": f", {near} does" if near else "",
            }
            judging.details |= _corrected(environment, key, judging.details) if isinstance(environment, dict) else {}
            judging.suppose.append(mend(ref, "exists", True))
            return True
    return any_of(found)


def _corrected(environment: Mapping[str, Any], key: str, details: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """All variables with the name put right; nothing where one is hidden, for all of them are put at once."""
    missing, near = str(details["missing"]), details.get("near")
    whole = sendable({**environment, key: str(environment[key]).replace(missing, str(near))}) if near else None
    return {"variables": whole} if whole else {}


def _listable(native_type: str) -> bool:
    return bool(estate().types[native_type].listing)


def _near(judging: Judging, ref: ResourceRef) -> str:
    names = [one.label for one in judging.view.subjects(ref.native_type) if one.key != ref.key]
    return next(iter(difflib.get_close_matches(ref.label, names, n=1, cutoff=0.7)), "")


def reaches_timeout(judging: Judging) -> Truth:
    """The longest run of the last day came up to the limit."""
    limit = judging.look.number(judging.subject, "timeout")
    points = judging.look.value(judging.subject, "metrics.duration")
    if points is UNKNOWN or limit is None:
        return None
    longest = max((float(one.get("Maximum") or 0) for one in points if isinstance(one, dict)), default=0.0) if isinstance(points, list) else 0.0
    judging.details |= {"timeout": limit, "longest": round(longest / 1000, 1), "wanted": min(900, int(limit * 3))}
    judging.suppose.append(mend(judging.subject, "timeout", 900))
    return longest >= _NEAR_TIMEOUT * limit * 1000


def alias_old(judging: Judging) -> Truth:
    """An alias of the function points at a version that is not the newest published one."""
    aliases, versions = judging.look.value(judging.subject, "aliases"), judging.look.value(judging.subject, "versions")
    if aliases is UNKNOWN or versions is UNKNOWN:
        return None
    numbers = [int(one["Version"]) for one in versions if str(one.get("Version")).isdigit()] if isinstance(versions, list) else []
    newest = max(numbers, default=0)
    for one in aliases if isinstance(aliases, list) else []:
        used = str(one.get("FunctionVersion"))
        if used.isdigit() and int(used) < newest:
            judging.details |= {"alias": str(one.get("Name")), "used": used, "newest": str(newest)}
            judging.suppose.append(mend(judging.subject, "aliases", []))
            return True
    return False


def dead_letter_queue_deleted(judging: Judging) -> Truth:
    """The queue that failures go to is not there."""
    redrive = judging.look.value(judging.subject, "redrive")
    if redrive is UNKNOWN:
        return None
    target = redrive.get("deadLetterTargetArn") if isinstance(redrive, dict) else None
    ref = refer(judging.view, judging.subject, "sqs:queue", str(target)) if target else None
    there = judging.look.exists(ref) if ref else True
    if ref and there is False:
        judging.details |= told_missing(judging, ref)
        judging.suppose.append(mend(ref, "exists", True))
    return None if there is None else not there


def dead_letter_retention(judging: Judging) -> Truth:
    """Failed messages keep the age they had: a dead letter queue that keeps them no longer than its source loses them at once."""
    redrive, kept = judging.look.value(judging.subject, "redrive"), judging.look.number(judging.subject, "retention")
    if redrive is UNKNOWN:
        return None
    target = redrive.get("deadLetterTargetArn") if isinstance(redrive, dict) else None
    ref = refer(judging.view, judging.subject, "sqs:queue", str(target)) if target else None
    if ref is None:
        return False
    there = judging.look.number(ref, "retention")
    if there is None or kept is None:
        return None
    url = f"https://sqs.{ref.region}.amazonaws.com/{ref.account}/{ref.label}"
    judging.details |= {"dead_letters": ref.label, "dead_url": url, "retention": kept, "dead_retention": there}
    judging.suppose.append(mend(ref, "retention", "1209600"))
    return there < kept or there == kept < 345600


def one_attempt_only(judging: Judging) -> Truth:
    """A message is given up after its first failure."""
    redrive = judging.look.value(judging.subject, "redrive")
    if redrive is UNKNOWN:
        return None
    attempts = str(redrive.get("maxReceiveCount", "")) if isinstance(redrive, dict) else ""
    if not isinstance(redrive, dict) or not attempts.isdigit():
        return False
    subject, patient = judging.subject, {**redrive, "maxReceiveCount": 5}
    url = f"https://sqs.{subject.region}.amazonaws.com/{subject.account}/{subject.label}"
    dead = str(redrive.get("deadLetterTargetArn", "")).rsplit(":", 1)[-1]
    judging.details |= {"attempts": attempts, "dead_letters": dead, "url": url, "redrive_policy": json.dumps(patient)}
    judging.suppose.append(mend(subject, "redrive", patient))
    return int(attempts) <= 1


_LONGEST_QUEUE = 80
_HOLDS_FAILURES = re.compile(r"(^|[-_.])(dlq|dead|deadletters?|failed|failures?|errors?|poison|rejected|undelivered)([-_.]|$)", re.IGNORECASE)


def dead_letters_missing(judging: Judging) -> Truth:
    """Nothing takes what the queue's consumer fails at; a queue that holds others' failures needs no further one."""
    redrive, sources = judging.look.value(judging.subject, "redrive"), judging.look.value(judging.subject, "dead_letter_sources")
    if redrive is UNKNOWN or redrive or _HOLDS_FAILURES.search(judging.subject.label):
        return None if redrive is UNKNOWN else False
    judging.details |= _dead_letters(judging)
    return None if sources is UNKNOWN else not sources


def _dead_letters(judging: Judging) -> dict[str, JsonValue]:
    """A queue for what fails, of the same kind and under the same key; nothing where its name would be too long, or the key is not known."""
    queue, key = judging.subject, judging.look.value(judging.subject, "key")
    base, dot, fifo = queue.label.partition(".fifo")
    name = f"{base}-dead-letters{dot}{fifo}"
    if key is UNKNOWN or hidden(key) or len(name) > _LONGEST_QUEUE:
        return {}
    url = f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.label}"
    kept: dict[str, JsonValue] = {
        "MessageRetentionPeriod": "1209600",
        **({"FifoQueue": "true"} if dot else {}),
        **({"KmsMasterKeyId": str(key)} if key else {}),
    }
    arn = f"{queue.native_id.rpartition(':')[0]}:{name}"
    return {"dead_letters": name, "dead_settings": kept, "url": url, "redrive_policy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})}


JUDGES: Mapping[str, Judge] = named_judge(
    environment_names_missing,
    reaches_timeout,
    alias_old,
    dead_letter_queue_deleted,
    dead_letter_retention,
    one_attempt_only,
    dead_letters_missing,
    prefix="function_",
)
