"""What the log of a function says of its runs: never loaded, ended for want of time or memory. Each held against the setting that it indicts."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.functions import environment_names_missing
from nephoscope_aws.behaviour import log_lines
from nephoscope_aws.delivery.content import UNKNOWN
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.logs import errors_in, group_of, since_changed
from nephoscope_aws.looking.look import mend

_MOST_MEMORY = 10240
"""MB that a function may have."""


def _lines(judging: Judging) -> list[str] | None:
    group = group_of(judging.look, judging.subject)
    lines = errors_in(judging.look, group, since_changed(judging.look, judging.subject))
    if group and lines:
        judging.details["group"] = group.label
        judging.suppose.append(mend(group, "errors", []))
    return lines


def times_out(judging: Judging) -> Truth:
    """Runs were ended after just as long as the function is allowed."""
    lines, limit = _lines(judging), judging.look.number(judging.subject, "timeout")
    if lines is None or limit is None:
        return None
    ended = [one for one in log_lines.timeouts(lines) if abs(one - limit) < 0.5]
    judging.details |= {"timeout": limit, "wanted": min(900, int(limit * 3))} | ({"longest": limit} if ended else {})
    judging.suppose.append(mend(judging.subject, "timeout", 900))
    return bool(ended)


def killed(judging: Judging) -> Truth:
    """Runs were ended by the system, as it does when memory is used up."""
    lines, memory = _lines(judging), judging.look.number(judging.subject, "memory")
    if lines is None or memory is None:
        return None
    runs = log_lines.killed(lines, int(memory))
    judging.details |= {"memory": int(memory), "wanted": min(_MOST_MEMORY, int(memory) * 2), "runs": runs}
    judging.suppose.append(mend(judging.subject, "memory", _MOST_MEMORY))
    return runs > 0


def unloadable(judging: Judging) -> Truth:
    """The module, or the handler in it, that the function is set to start with is not in its code."""
    lines, handler = _lines(judging), judging.look.value(judging.subject, "handler")
    if lines is None or handler is UNKNOWN:
        return None
    module, _, name = str(handler).rpartition(".")
    for one in log_lines.unloadable(lines):
        if one.module in (module, module.replace("/", ".")) and one.handler in ("", name):
            judging.details |= {"handler": str(handler), "module": one.module, "why": one.why}
            return True
    return False


_ABSENT = {
    "ParameterNotFound": "there is no parameter of the name that it asks for",
    "ResourceNotFoundException": "what it asks for does not exist by that name in that region",
    "NoSuchBucket": "there is no bucket of the name that it asks for",
    "QueueDoesNotExist": "there is no queue of the name that it asks for",
    "AWS.SimpleQueueService.NonExistentQueue": "there is no queue of the name that it asks for",
}
_MEANINGS = _ABSENT | {
    "AccessControlListNotSupported": "it sends an access control list along, and the bucket takes none (its object ownership is BucketOwnerEnforced)",
    "ProvisionedThroughputExceededException": "more is asked than the table or stream was given capacity for",
    "KMSInvalidStateException": "the key is disabled or about to be deleted",
    "ExpiredTokenException": "the credentials that it uses have expired",
    "UnrecognizedClientException": "the credentials that it uses are not valid",
    "InvalidClientTokenId": "the credentials that it uses are not valid",
    "ExecutionDoesNotExist": "the execution that it asks for is gone",
    "MessageRejected": "the mail service has not verified the address, or may not write to it yet",
}
"""What answers of services mean wherever they come from. Denied requests are judged elsewhere, by what the role may do."""


def calls_rejected(judging: Judging) -> Truth:
    """Requests of the function are answered with an error that says what is wrong with them."""
    lines = _lines(judging)
    if lines is None:
        return None
    told = [one for one in log_lines.rejections(lines) if one.code in _MEANINGS]
    if not told:
        return False
    last = told[-1]
    if last.code in _ABSENT and environment_names_missing(Judging(judging.look, judging.subject)) is not False:
        return False  # what its settings name is told of more exactly
    judging.details |= {"operation": last.operation, "code": last.code, "meaning": _MEANINGS[last.code]}
    return True


JUDGES: Mapping[str, Judge] = named_judge(times_out, killed, unloadable, calls_rejected, prefix="log_function_")
