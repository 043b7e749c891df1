"""The event source mapping between a queue and the function that works it off."""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Finding, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering import mending, pollers
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.search import Hop
from nephoscope_aws.analyzers.delivering.topics import total
from nephoscope_aws.delivery import messages
from nephoscope_aws.iam.truth import Truth, all_of
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden, mend

_SHORT = 3600
"""Seconds: a queue that keeps messages no longer than this loses them in any longer stop of its consumer."""
_RUNNING = ("Enabled", "Enabling", "Updating", "Creating")


def findings(context: Context, hop: Hop) -> Iterator[Finding]:
    """Everything that can be wrong with the mapping of a hop."""
    yield _missing(context, hop)
    yield _disabled(context, hop)
    yield _filter(context, hop)
    if hop.target is not None:
        yield pollers.may_read(context, hop, hop.target)
    yield from _times(context, hop)


def _told(hop: Hop) -> dict[str, JsonValue]:
    target = hop.target
    return {
        "queue": hop.source.name,
        "queue_arn": hop.source.native_id,
        "function": target.label if target else "a function",
        "mapping": hop.links[0].holder.native_id if hop.links else "",
    }


def _missing(context: Context, hop: Hop) -> Finding:
    return context.look(hop).finding(
        "aws.lambda.event-source-mapping-missing",
        hop.source,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"no event source mapping connects queue {hop.source.name} with {_told(hop)['function']}",
        details=_told(hop),
        suppose=mending.mapping(context.view, hop.source, hop.target) if hop.target else (),
    )


def _disabled(context: Context, hop: Hop) -> Finding:
    look = context.look(hop)
    states = [look.value(link.holder, "state") for link in hop.links]
    stopped: Truth = all_of(None if state is UNKNOWN else state not in _RUNNING for state in states) if hop.links else False
    return look.finding(
        "aws.lambda.event-source-mapping-disabled",
        hop.source,
        stopped if hop.known else None,
        note=f"the mapping is {states[0]}" if stopped else "",
        details={**_told(hop), "state": str(states[0]) if states else ""},
        suppose=[mend(link.holder, "state", "Enabled") for link in hop.links],
    )


def _filter(context: Context, hop: Hop) -> Finding:
    look = context.look(hop)
    drops, note = _drops(context, hop, look) if hop.links else (False, "")
    filters = mending.known(context.view, hop.links[0].holder, "filters") if hop.links else None
    return look.finding(
        "aws.lambda.event-source-mapping-filter-mismatch",
        hop.source,
        drops if hop.known else None,
        note=note,
        details={**_told(hop), "filters": filters},
        suppose=[mend(link.holder, "filters", None) for link in hop.links],
    )


def _drops(context: Context, hop: Hop, look: Look) -> tuple[Truth, str]:  # noqa: PLR0911 - one line per thing seen
    """Whether the filter lets nothing through: by what the messages must look like, else by what became of them."""
    filters = look.value(hop.links[0].holder, "filters")
    if filters is UNKNOWN or hidden(filters):
        return None, ""
    if not filters:
        return False, "no filter on the mapping"
    passes = messages.mapping_passes(filters, messages.queue_record(context.body_before(hop)))
    if passes is not None:
        return (
            not passes,
            "" if passes else "messages as they come can never pass the mapping's filter, and are deleted unworked",
        )
    deleted = total(look.value(hop.source, "metrics.deleted"))
    invoked = total(look.value(hop.target, "metrics.invocations")) if hop.target else None
    if deleted is None or invoked is None:
        return None, ""
    if deleted and not invoked:
        return True, f"{deleted:g} messages were deleted from the queue in the last 24 hours, and the function was not called once"
    if context.emulated and not deleted:
        return None, "what stands in for the cloud here does not count what the filter does"
    return False, "nothing was deleted without the function being called"


def settings(context: Context, queue: ResourceRef) -> Iterator[Finding]:
    """Settings of a queue that make messages late or lose them; asked about only where that is what hurts."""
    spoken = {context.view.problem.symptom, *context.view.problem.symptoms[:2]}
    if "late" in spoken:
        look = context.look()
        delay = look.number(queue, "delay")
        yield look.finding(
            "aws.sqs.delivery-delayed",
            queue,
            None if delay is None and look.needs else bool(delay),
            note=f"every message of {queue.label} is held back for {delay:g} s" if delay else "",
            details={"queue": queue.label, "queue_url": url(queue), "delay": delay},
            suppose=[mend(queue, "delay", "0")],
        )
    if "missing" in spoken:
        look = context.look()
        kept = look.number(queue, "retention")
        yield look.finding(
            "aws.sqs.retention-too-short",
            queue,
            None if kept is None and look.needs else kept is not None and kept <= _SHORT,
            note=f"{queue.label} drops messages after {kept:g} s" if kept is not None and kept <= _SHORT else "",
            details={"queue": queue.label, "queue_url": url(queue), "retention": kept},
            suppose=[mend(queue, "retention", "345600")],
        )


def url(queue: ResourceRef) -> str:
    """The address that calls about a queue take."""
    return f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.name}"


def _times(context: Context, hop: Hop) -> Iterator[Finding]:
    """A queue must hide a message for longer than the function may take over it."""
    if not hop.links or hop.target is None:
        return
    look = context.look()
    spoken = {context.view.problem.symptom, *context.view.problem.symptoms}
    known = context.view.fact(hop.source, "visibility_timeout") and context.view.fact(hop.target, "timeout")
    if not known and not spoken & {"duplicate", "late"}:
        return
    hidden, allowed = look.number(hop.source, "visibility_timeout"), look.number(hop.target, "timeout")
    too_short: Truth = None if hidden is None or allowed is None else hidden < allowed
    yield look.finding(
        "aws.sqs.visibility-timeout-too-short",
        hop.source,
        too_short,
        note=f"a message is hidden for {hidden:g} s, the function may work on it for {allowed:g} s" if too_short else "",
        details={
            **_told(hop),
            "queue_url": url(hop.source),
            "visibility_timeout": hidden,
            "timeout": allowed,
            "wanted": str(int((allowed or 0) * 6)),
        },
        suppose=[mend(hop.source, "visibility_timeout", str(int((allowed or 0) * 6)))],
        on_path="duplicate" in spoken or spoken == {"suspicion"},
    )
