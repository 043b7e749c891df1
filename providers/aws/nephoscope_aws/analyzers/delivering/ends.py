"""Where the person's words say that events come from and where they should go."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.links import LEADS_TO, default_bus, outgoing
from nephoscope_aws.analyzers.delivering.search import Hop, Route, ahead, behind, through
from nephoscope_aws.analyzers.delivering.words import Words, fills, produces, receives, stores
from nephoscope_aws.looking.look import Look

_ORDER = (refs.LOG_GROUP, refs.BUCKET, refs.BUS, refs.RULE, refs.TOPIC, refs.QUEUE, refs.FUNCTION)
_WRITERS = frozenset({"firehose:stream", "cloudtrail:trail", "config:recorder", "cloudfront:distribution", "elbv2:load-balancer"})
"""What puts its own files into a bucket."""
_MOST = 4
_UNHEARD = frozenset({"not_alerted", "event_not_delivered", "nothing_happens", "missing"})


def named(view: FactView) -> tuple[ResourceRef, ...]:
    """Things that take part in delivery and are said to be in trouble, senders first."""
    entities = view.problem.entities
    sick = [entity for entity in entities if entity.role != "healthy"] or entities
    own = [entity for entity in sick if entity.named and entity.matches]
    if own and not any(ref.native_type in _ORDER for entity in own for ref in entity.matches):
        return ()  # "its bucket" of a trail is part of the trail
    if any(ref.native_type in _WRITERS for entity in own for ref in entity.matches):
        own_stops = {ref.native_type for entity in own for ref in entity.matches} & set(_ORDER)
        if own_stops <= {refs.BUCKET, refs.LOG_GROUP}:
            return ()  # what is written there is what hurts, not what becomes of it
    watching = (
        "not_alerted" in view.problem.symptoms
        and not view.problem.witnessed
        and any(ref.native_type == "cloudwatch:alarm" for entity in sick for ref in entity.matches)
    )
    part = (refs.TOPIC,) if watching else _ORDER  # what an alarm watches did its work, or there were nothing to watch
    found = {ref.key: ref for entity in sick for ref in entity.matches if ref.native_type in part}
    return tuple(sorted(found.values(), key=lambda ref: _ORDER.index(ref.native_type)))


def routes(view: FactView, words: Words) -> tuple[tuple[Route, ...], ResourceRef | None, Look]:
    """The ways to look at; a consumer that nothing is known to feed; and what must be known to be sure of either."""
    stops = [ref for ref in named(view) if not _only_sends(view, ref) and not _own_log(view, ref)]
    if len({ref.native_type for ref in stops}) == 1 and any(_only_takes(view, ref) for ref in stops):
        return (), None, Look(view)
    types = list(dict.fromkeys(ref.native_type for ref in stops))
    if not stops:
        return (), None, Look(view)
    if len(types) > 1:
        found = _between(view, stops, types)
        if found or not _by_kind(view, stops, types[0]):
            return found, None, Look(view)
        return _one_end(view, [ref for ref in stops if ref.native_type == types[-1]], types[-1], words)
    return _one_end(view, stops, types[0], words)


def alarmed(view: FactView) -> tuple[Route, ...]:
    """From the alarms that should have told somebody, the first step each: what becomes of it then is the topic's business."""
    if not _UNHEARD & {view.problem.symptom, *view.problem.symptoms}:
        return ()
    sick = [entity for entity in view.problem.entities if entity.role != "healthy"]
    own = [entity for entity in sick if entity.named and entity.matches] or sick
    matched = {ref.key: ref for entity in own for ref in entity.matches}
    alarms = [ref for ref in matched.values() if ref.native_type == refs.ALARM]
    meant = [ref for ref in matched.values() if ref.native_type in LEADS_TO[refs.ALARM]]
    return tuple(Route((hop,)) for alarm in alarms[:_MOST] for hop in _steps(view, alarm, meant))


def _steps(view: FactView, alarm: ResourceRef, meant: Sequence[ResourceRef]) -> list[Hop]:
    found = outgoing(view, alarm)
    by_target = {link.target.key: link for link in found.links if link.target}
    topics = [ref for ref in meant if ref.native_type == refs.TOPIC]
    if not found.look.needs and topics and not any(ref.key in by_target for ref in topics):
        return [Hop(alarm, topics[0], (), found.look)]
    return [Hop(alarm, link.target, (link,), found.look) for link in by_target.values() if link.target and link.target.native_type == refs.TOPIC]


def _own_log(view: FactView, ref: ResourceRef) -> bool:
    """What a function writes its lines to never calls that function."""
    functions = [one for one in named(view) if one.native_type == refs.FUNCTION]
    return ref.native_type == refs.LOG_GROUP and any(ref.name == f"/aws/lambda/{one.name}" for one in functions)


def _by_kind(view: FactView, stops: Sequence[ResourceRef], kind: str) -> bool:
    """Whether the words only tell what kind of thing sends, and there are several: none of them is known to be the one that is meant."""
    own = {ref.key for entity in view.problem.entities if entity.named for ref in entity.matches}
    of_kind = [ref for ref in stops if ref.native_type == kind]
    return len(of_kind) > 1 and not any(ref.key in own for ref in of_kind)


def _only_sends(view: FactView, ref: ResourceRef) -> bool:
    """A function that is said to send to a queue or topic, or to write into a bucket, is no consumer: its program sends, no configuration does."""
    text = view.problem.text
    if ref.native_type != refs.FUNCTION:
        return False
    spoken = [(one, other) for one in _spoken(view, ref) for stop in named(view) for other in _spoken(view, stop)]
    sent = any(produces(text, ref.name, other.name) for other in named(view) if other.native_type in (refs.QUEUE, refs.TOPIC))
    return sent or (any(other.native_type == refs.BUCKET for other in named(view)) and any(stores(text, *pair) for pair in spoken))


def _only_takes(view: FactView, ref: ResourceRef) -> bool:
    """A bucket that something is to be written into, or that nothing new comes to, sends nothing by that."""
    if ref.native_type != refs.BUCKET:
        return False
    writers = [one for one in named(view) if _only_sends(view, one)]
    return bool(writers) or any(fills(view.problem.text, one) for one in _spoken(view, ref))


def _spoken(view: FactView, ref: ResourceRef) -> list[str]:
    """What the words call a thing."""
    return [entity.text for entity in view.problem.entities if any(one.key == ref.key for one in entity.matches)]


def _between(view: FactView, stops: Sequence[ResourceRef], types: Sequence[str]) -> tuple[Route, ...]:
    by_type = {one: [ref for ref in stops if ref.native_type == one] for one in types}
    starts, ends = by_type[types[0]], by_type[types[-1]]
    middle = [ref for one in types[1:-1] for ref in by_type[one][:1]]
    found = []
    for end in ends[:_MOST]:
        ways = [through(view, _with_bus(view, [start, *middle, end])) for start in starts[:_MOST]]
        whole = [way for way in ways if all(hop.links for hop in way.hops)]
        unknown = [way for way in ways[:1] if not _by_kind(view, stops, types[0]) or any(not hop.known for hop in way.hops)]
        found += whole or unknown
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
