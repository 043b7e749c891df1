"""Where the person's words say that events come from and where they should go."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.links import default_bus
from nephoscope_aws.analyzers.delivering.look import Look
from nephoscope_aws.analyzers.delivering.search import Route, ahead, behind, through
from nephoscope_aws.analyzers.delivering.words import Words, produces, receives

_ORDER = (refs.BUCKET, refs.BUS, refs.RULE, refs.TOPIC, refs.QUEUE, refs.FUNCTION)
_MOST = 4


def named(view: FactView) -> tuple[ResourceRef, ...]:
    """Things that take part in delivery and are said to be in trouble, senders first."""
    entities = view.problem.entities
    sick = [entity for entity in entities if entity.role != "healthy"] or entities
    watching = "not_alerted" in view.problem.symptoms and any(ref.native_type == "cloudwatch:alarm" for entity in sick for ref in entity.matches)
    part = (refs.TOPIC,) if watching else _ORDER  # what an alarm watches did its work, or there were nothing to watch
    found = {ref.key: ref for entity in sick for ref in entity.matches if ref.native_type in part}
    return tuple(sorted(found.values(), key=lambda ref: _ORDER.index(ref.native_type)))


def routes(view: FactView, words: Words) -> tuple[tuple[Route, ...], ResourceRef | None, Look]:
    """The ways to look at; a consumer that nothing is known to feed; and what must be known to be sure of either."""
    stops = [ref for ref in named(view) if not _only_sends(view, ref)]
    types = list(dict.fromkeys(ref.native_type for ref in stops))
    if not stops:
        return (), None, Look(view)
    if len(types) > 1:
        return _between(view, stops, types), None, Look(view)
    return _one_end(view, stops, types[0], words)


def _only_sends(view: FactView, ref: ResourceRef) -> bool:
    """A function that is said to send to a queue or topic is no consumer: its program sends, no configuration does."""
    others = [other for other in named(view) if other.native_type in (refs.QUEUE, refs.TOPIC)]
    return ref.native_type == refs.FUNCTION and any(produces(view.problem.text, ref.name, other.name) for other in others)


def _between(view: FactView, stops: Sequence[ResourceRef], types: Sequence[str]) -> tuple[Route, ...]:
    by_type = {one: [ref for ref in stops if ref.native_type == one] for one in types}
    starts, ends = by_type[types[0]], by_type[types[-1]]
    middle = [ref for one in types[1:-1] for ref in by_type[one][:1]]
    found = []
    for end in ends[:_MOST]:
        ways = [through(view, _with_bus(view, [start, *middle, end])) for start in starts[:_MOST]]
        whole = [way for way in ways if all(hop.links for hop in way.hops)]
        found += whole or ways[:1]
    return tuple(found)


def _with_bus(view: FactView, stops: list[ResourceRef]) -> list[ResourceRef]:
    """A bucket reaches a rule over the bus alone."""
    if stops[0].native_type == refs.BUCKET and stops[1].native_type == refs.RULE:
        return [stops[0], default_bus(view, stops[0]), *stops[1:]]
    return stops


def _one_end(view: FactView, stops: Sequence[ResourceRef], kind: str, words: Words) -> tuple[tuple[Route, ...], ResourceRef | None, Look]:
    found: list[Route] = []
    look = Look(view)
    orphan = None
    for stop in stops[:_MOST]:
        unfed = kind == refs.TOPIC and receives(view.problem.text, stop.name)
        forward = kind != refs.FUNCTION and not unfed and not (kind == refs.QUEUE and words.into and not words.out_of)
        backward = unfed or kind == refs.FUNCTION or (kind in (refs.QUEUE, refs.TOPIC) and not (words.out_of and not words.into))
        ways = list(ahead(view, stop)) if forward else []
        if backward and not (forward and ways and kind == refs.TOPIC):
            earlier, behind_look = behind(view, stop)
            look.take(behind_look)
            ways += earlier
            if not ways:
                orphan = stop
        found += ways
    return tuple(found), orphan, look
