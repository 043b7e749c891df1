"""The positive trace: was anything seen to arrive lately, or does it stand to reason that nothing was?"""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Finding, ResourceRef
from nephoscope_aws.analyzers.delivering import mending, refs
from nephoscope_aws.analyzers.delivering.context import WINDOW, Context, arrivals
from nephoscope_aws.analyzers.delivering.rules import due
from nephoscope_aws.analyzers.delivering.topics import total
from nephoscope_aws.delivery.s3_events import KeyFilter
from nephoscope_aws.iam.truth import Truth, all_of
from nephoscope_aws.looking.look import Look


def observe(context: Context) -> Iterator[Finding]:
    """What was seen of the end of the way: nothing where it ends in what counts nothing."""
    end = context.route.end
    attribute = mending.TRAFFIC.get(end.native_type)
    if attribute is not None:
        yield _delivered(context, end, attribute)
    spoken = (context.view.problem.symptom, *context.view.problem.symptoms[:2])
    unseen = next((_UNSEEN[symptom] for symptom in spoken if symptom in _UNSEEN), "")
    if unseen:
        yield Look(context.view).observation(f"aws.{refs.service(end)}.seen-in-time", end, None, unseen)


_MANY = 0.5
"""Such a share of calls that failed shows no consumer at work."""
_UNSEEN = {
    "late": "when each event came and went is not among what can be read here",
    "duplicate": "which events came twice is not among what can be read here",
}


def _delivered(context: Context, end: ResourceRef, attribute: str) -> Finding:
    name = f"aws.{refs.service(end)}.seen-recent-delivery"
    look = Look(context.view)
    got = total(look.value(end, attribute))
    waiting = look.number(end, "messages.waiting") if end.native_type == refs.QUEUE else None
    failed = total(look.value(end, "metrics.errors")) if got and end.native_type == refs.FUNCTION else 0.0
    if got and (failed is None or failed >= _MANY * got):
        told = f"{end.label} was called {got:g} times in the last 24 hours and failed {failed:g} times: why is not seen" if failed else ""
        return look.observation(name, end, None, told)
    if got or waiting:
        return look.observation(name, end, True, f"{end.label} got {got or waiting:g} in the last 24 hours")
    idle, why = _idle(context, look)
    if idle:
        return look.observation(name, end, True, f"{why}: there was nothing to deliver in the last 24 hours")
    if got is not None and context.emulated:
        uncounted = f"what stands in for the cloud here counts nothing: whether {end.label} got anything cannot be seen"
        return look.observation(name, end, None, uncounted).model_copy(update={"needs": (), "on_path": False})
    if got is None or idle is None:
        return look.observation(name, end, None, why or f"it is not known whether {end.label} got anything lately")
    return look.observation(name, end, False, f"{why}, but {end.label} got nothing in the last 24 hours")


def _idle(context: Context, look: Look) -> tuple[Truth, str]:
    """Whether the start of the way had nothing to send."""
    start = context.route.start
    if start.native_type == refs.BUCKET:
        return _no_objects(context, look)
    if start.native_type == refs.RULE:
        return _not_due(context, look)
    attributes = {refs.QUEUE: ("metrics.sent", "messages.waiting"), refs.TOPIC: ("metrics.published",)}.get(start.native_type, ())
    counts = [look.number(start, name) if name.startswith("messages") else total(look.value(start, name)) for name in attributes]
    quiet = all_of(None if count is None else not count for count in counts) if counts else None
    return quiet, f"nothing was sent to {start.label}" if quiet else f"messages were sent to {start.label}" if quiet is False else ""


def _no_objects(context: Context, look: Look) -> tuple[Truth, str]:
    came = arrivals(look, context)
    if came is None:
        return None, ""
    first = context.route.hops[0]
    filters = [KeyFilter.of(link.settings) for link in first.links]
    meant = [key for key in came.recent if not filters or any(one.matches(key) for one in filters)]
    if meant:
        return False, f"{len(meant)} objects came into {context.route.start.label}"
    more = mending.known(context.view, context.route.start, "objects.more")
    return (
        (None, "the bucket holds more objects than were listed") if more else (True, f"no object that matters came into {context.route.start.label}")
    )


def _not_due(context: Context, look: Look) -> tuple[Truth, str]:
    rule = context.route.start
    fired = due(context, rule, WINDOW)
    if fired is not None:
        return not fired, f"{rule.label} was {'due' if fired else 'not due'}"
    return None, f"whether any event that {rule.label} waits for took place cannot be seen"
