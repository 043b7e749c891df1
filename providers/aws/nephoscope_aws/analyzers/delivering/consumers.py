"""The function at the end: would it run if it were called?"""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Finding, ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.receivers import resolved
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, mend


def findings(context: Context, function: ResourceRef) -> Iterator[Finding]:
    """What keeps a function from running."""
    yield _reserved(context, function)
    yield _active(context, function)
    yield _role(context, function)
    yield from _key(context, function)
    yield from _dead_letters(context, function)


def _reserved(context: Context, function: ResourceRef) -> Finding:
    look = context.look()
    reserved = look.value(function, "concurrency.reserved")
    stopped: Truth = None if reserved is UNKNOWN else reserved == 0 and reserved is not None
    return look.finding(
        "aws.lambda.reserved-concurrency-zero",
        function,
        stopped,
        note=f"{function.name} has a reserved concurrency of 0: every call is throttled" if stopped else "",
        details={"function": function.name},
        suppose=[mend(function, "concurrency.reserved", None)],
    )


def _active(context: Context, function: ResourceRef) -> Finding:
    look = context.look()
    state = look.value(function, "state")
    down: Truth = None if state is UNKNOWN else state not in (None, "Active")
    reason = look.value(function, "state.reason") if down else ""
    return look.finding(
        "aws.lambda.function-not-active",
        function,
        down,
        note=f"{function.name} is {state}" if down else "",
        details={"function": function.name, "state": str(state), "reason": str(reason or "")},
        suppose=[mend(function, "state", "Active")],
    )


def _role(context: Context, function: ResourceRef) -> Finding:
    look = context.look()
    written = look.value(function, "role")
    role = refs.of_arn(written)
    there = look.exists(role) if role else None
    lost: Truth = None if written is UNKNOWN or (role and there is None) else there is False
    return look.finding(
        "aws.lambda.execution-role-deleted",
        function,
        lost,
        note=f"the execution role {role.name} of {function.name} does not exist" if lost and role else "",
        details={"function": function.name, "role": role.name if role else "", "role_arn": role.native_id if role else ""},
        suppose=[mend(role, "exists", True)] if role else (),
    )


def _key(context: Context, function: ResourceRef) -> Iterator[Finding]:
    """Variables of the environment are kept under a key of one's own: without it they cannot be read, and no call begins."""
    look = context.look()
    written, variables = look.value(function, "key"), look.value(function, "environment")
    if not isinstance(written, str) or not variables or variables is UNKNOWN:
        return
    key = resolved(look, written, function)
    state = look.value(key, "state") if key else UNKNOWN
    off: Truth = None if state is UNKNOWN else state != "Enabled"
    called = key.label if key else written
    how = "gone" if state is None else str(state)
    yield look.finding(
        "aws.lambda.environment-key-unusable",
        function,
        off,
        note=f"key {called}, under which the environment of {function.name} is kept, is {how}" if off else "",
        details={"function": function.name, "key": called, "key_arn": key.native_id if key else written, "state": how},
        suppose=[mend(key, "state", "Enabled")] if key else (),
    )


def _dead_letters(context: Context, function: ResourceRef) -> Iterator[Finding]:
    """Only where it is known anyway: what fails for good is lost."""
    view = context.view
    if view.fact(function, "exists") is None or view.fact(function, "dead_letter") is None or context.route.hops[-1].source.native_type == refs.QUEUE:
        return
    look = context.look()
    none_set = look.value(function, "dead_letter") is None
    yield look.finding(
        "aws.lambda.dead-letter-missing",
        function,
        none_set,
        note=f"{function.name} keeps no events that it fails on for good" if none_set else "",
        details={"function": function.name},
        suppose=[mend(function, "dead_letter", f"{function.native_id}-failed")],
        on_path=False,
    )
