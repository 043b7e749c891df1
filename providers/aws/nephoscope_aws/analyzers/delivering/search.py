"""Finding the way from sender to consumer through what is configured, and the place where it breaks off."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.links import LEADS_TO, Link, default_bus, incoming, notifying, outgoing, speaks_of, welcomed
from nephoscope_aws.looking.look import Look

_DEEP = 4
_WIDE = 12
_MANY = 40
"""Of more buckets than this nobody asks each whom it notifies."""


@dataclass(frozen=True)
class Hop:
    """One step of the way. No ``links``: it is not configured, or, with ``known`` false, nobody has looked yet.

    No ``target``: it ought to lead somewhere, nobody knows where.
    """

    source: ResourceRef
    target: ResourceRef | None
    links: tuple[Link, ...]
    look: Look
    known: bool = True

    @property
    def dangling(self) -> bool:
        """Whether every link leads to something that is known not to exist."""
        return bool(self.links) and all(link.target is not None and gone(self.look.view, link.target) for link in self.links)


@dataclass(frozen=True)
class Route:
    """Hops from sender to consumer."""

    hops: tuple[Hop, ...]

    @property
    def start(self) -> ResourceRef:
        return self.hops[0].source

    @property
    def end(self) -> ResourceRef:
        """The consumer, or where the way breaks off."""
        last = self.hops[-1]
        return last.target or last.source


@dataclass
class _Explored:
    """What lies ahead of a thing: each reached thing with the links that lead there."""

    trail: dict[str, tuple[ResourceRef, tuple[Link, ...]]]
    order: list[ResourceRef]
    dead_ends: set[str]
    dangling: list[Link]
    outward: list[Link]
    """Links to what lies outside this analyzer: a mail address, a web hook."""
    look: Look
    unread: set[str]
    """Things of which nobody has looked where they lead."""

    def path(self, goal: ResourceRef) -> tuple[tuple[Link, ...], ...]:
        """Link groups from the start to a thing that was reached."""
        groups: list[tuple[Link, ...]] = []
        here = goal
        while self.trail[here.key][1]:
            groups.append(self.trail[here.key][1])
            here = self.trail[here.key][0]
        return tuple(reversed(groups))


def gone(view: FactView, ref: ResourceRef) -> bool:
    """Whether a thing is known not to exist."""
    fact = view.fact(ref, "exists")
    return fact is not None and fact.known_absent


def explore(view: FactView, start: ResourceRef, goal: ResourceRef | None = None) -> _Explored:
    """Follow what is configured, breadth first, as far as it is known. Things with a goal stop there."""
    found = _Explored({start.key: (start, ())}, [start], set(), [], [], Look(view), set())
    frontier = [start]
    for _ in range(_DEEP):
        following: list[ResourceRef] = []
        for node in frontier:
            if goal is None or node.key != goal.key:
                following += _expand(view, node, start, goal, found)
        frontier = following
        if goal and goal.key in found.trail:
            break
    return found


def _expand(view: FactView, node: ResourceRef, start: ResourceRef, goal: ResourceRef | None, found: _Explored) -> list[ResourceRef]:
    ahead = outgoing(view, node)
    found.look.take(ahead.look)
    links = [link for link in ahead.links if node.native_type != refs.BUS or _concerns(view, link, start, goal)]
    fresh: list[ResourceRef] = []
    for link in links[: _WIDE * 4]:
        if link.target is None:
            found.outward.append(link)
        elif gone(view, link.target):
            found.dangling.append(link)
        elif link.target.key not in found.trail and len(found.order) < _WIDE * 4:
            group = tuple(other for other in links if other.target and other.target.key == link.target.key)
            found.trail[link.target.key] = (node, group)
            found.order.append(link.target)
            fresh.append(link.target)
    if not links and ahead.complete and node.native_type in LEADS_TO:
        found.dead_ends.add(node.key)
    elif not links and ahead.look.askable and node.native_type in LEADS_TO:
        found.unread.add(node.key)
    return fresh


def _concerns(view: FactView, link: Link, start: ResourceRef, goal: ResourceRef | None) -> bool:
    """A bus has many rules; those count that speak of the sender, or are known to feed the goal."""
    pattern = view.fact(link.holder, "pattern")
    if goal and link.target and goal.key == link.target.key:
        return True
    feeding = view.fact(goal, "rules") if goal else None
    if feeding and isinstance(feeding.value, list) and link.holder.native_id in feeding.value:
        return True
    return pattern is not None and speaks_of(pattern.value, "aws.s3", f'"{start.name}')


def between(view: FactView, source: ResourceRef, target: ResourceRef) -> tuple[Hop, ...]:
    """The hops from one thing to another: as configured, or with the missing one where it ought to be.

    While nobody has looked it is the straight way, so that what it depends on is asked for in the same breath.
    """
    found = explore(view, source, target)
    if target.key in found.trail:
        return _hops(found, target)
    if not found.look.needs:
        return _broken(view, source, target, found)
    return (Hop(source, target, (), found.look, known=False),)


def _hops(found: _Explored, target: ResourceRef) -> tuple[Hop, ...]:
    return tuple(_hop(found.look.view, group) for group in found.path(target))


def _hop(view: FactView, links: tuple[Link, ...], target: ResourceRef | None = None) -> Hop:
    """A configured hop, resting on what shows its links and on nothing else."""
    look = Look(view)
    for link in links:
        for thing, attribute in link.told_by:
            look.value(thing, attribute)
    return Hop(links[0].source, target or links[0].target, links, look)


def _broken(view: FactView, source: ResourceRef, target: ResourceRef, found: _Explored) -> tuple[Hop, ...]:
    for link in found.dangling:
        if link.target and target.native_type in LEADS_TO.get(link.source.native_type, ()) and link.target.native_type == target.native_type:
            return (*_hops(found, link.source), _hop(view, (link,), target))
    for link in found.dangling:
        onward = between(view, link.target, target) if link.target and _leads(link.target, target) else ()
        if link.target and onward and (_awaits(view, target, link.target) or all(hop.links or not hop.known for hop in onward)):
            return (*_hops(found, link.source), _hop(view, (link,)), *onward)
    behind, look = _behind(view, target)
    look.take(found.look)
    for right in behind if source.native_type == refs.BUCKET else ():
        rule = _awaiting(view, source, right, look)
        if rule is not None:
            bus, own = default_bus(view, source), Look(view)
            own.value(source, "notification.eventbridge")
            rest = between(view, right, target) if right.key != target.key else ()
            return (Hop(source, bus, (), own, known=not own.askable), *between(view, bus, rule), *between(view, rule, right), *rest)
    pairs = [
        (_likelihood(view, left, right, source, target, found), left, right)
        for left in found.order
        for right in behind
        if right.native_type in LEADS_TO.get(left.native_type, ()) and left.key != right.key
    ]
    settled = not look.askable
    if not pairs:
        return (Hop(source, target, (), look, known=settled),)
    _, left, right = max(pairs, key=lambda pair: pair[0])
    rest = between(view, right, target) if right.key != target.key else ()
    return (*_hops(found, left), Hop(left, right, (), look, known=settled), *rest)


def _behind(view: FactView, target: ResourceRef) -> tuple[list[ResourceRef], Look]:
    """The target and what is configured to feed it."""
    sources, look = incoming(view, target)
    return [target, *(ref for ref in sources if ref.native_type in (refs.QUEUE, refs.TOPIC))], look


def _awaits(view: FactView, receiver: ResourceRef, sender: ResourceRef) -> bool:
    """Whether the receiver's own policy names the sender."""
    return sender.key in {ref.key for ref in welcomed(Look(view), receiver)}


def _leads(left: ResourceRef, right: ResourceRef) -> bool:
    """Whether things of the one type may send to the other."""
    return left.key != right.key and right.native_type in LEADS_TO.get(left.native_type, ())


def _awaiting(view: FactView, bucket: ResourceRef, fed: ResourceRef, look: Look) -> ResourceRef | None:
    """A rule that feeds a thing and waits for the bucket's events: they should come over the bus."""
    sources, further = incoming(view, fed)
    look.take(further)
    waiting = [ref for ref in sources if ref.native_type == refs.RULE]
    named = [rule for rule in waiting if speaks_of(look.value(rule, "pattern"), f'"{bucket.name}')]
    return next(iter(named or [rule for rule in waiting if _for_no_bucket(view, look.value(rule, "pattern"))]), None)


def _for_no_bucket(view: FactView, pattern: object) -> bool:
    """Whether a pattern waits for the events of a bucket that is not there: another one may be meant."""
    detail = pattern.get("detail") if isinstance(pattern, Mapping) and speaks_of(pattern, "aws.s3") else None
    bucket = detail.get("bucket") if isinstance(detail, Mapping) else None
    names = bucket.get("name") if isinstance(bucket, Mapping) else None
    living = {ref.name for ref in view.subjects(refs.BUCKET)}
    return isinstance(names, list) and bool(names) and not any(isinstance(name, Mapping) or name in living for name in names)


def _likelihood(  # noqa: PLR0917 - one place, one question
    view: FactView, left: ResourceRef, right: ResourceRef, source: ResourceRef, target: ResourceRef, found: _Explored
) -> tuple[int, int]:
    """Where a missing step belongs: where the receiver awaits it, then where a chain that was begun has no end, then the straight way."""
    awaited = _awaits(view, right, left)
    begun = left.key != source.key and left.key in found.dead_ends
    return (2 * awaited + begun, int(left.key == source.key and right.key == target.key))


def ahead(view: FactView, start: ResourceRef) -> tuple[Route, ...]:
    """Every way that begins at a thing, to its end."""
    found = explore(view, start)
    inner = {found.trail[ref.key][0].key for ref in found.order if ref.key != start.key}
    routes = []
    for leaf in found.order:
        if leaf.key in inner:
            continue
        hops = _hops(found, leaf)
        if leaf.key in found.dead_ends and leaf.native_type != refs.QUEUE and not (leaf.native_type == refs.BUS and len(found.order) > 2):
            hops = (*hops, Hop(leaf, None, (), found.look))
        elif hops and leaf.key in found.unread:
            hops = (*hops, Hop(leaf, None, (), found.look, known=False))
        if hops:
            routes.append(Route(hops))
    for link in found.outward:
        routes.append(Route((*_hops(found, link.source), _hop(view, (link,)))))
    for link in found.dangling:
        routes.append(Route((*_hops(found, link.source), _hop(view, (link,)))))
    if not routes and found.look.needs:
        routes.append(Route((Hop(start, None, (), found.look, known=False),)))
    return tuple(routes[:_WIDE])


def behind(view: FactView, end: ResourceRef, depth: int = 3) -> tuple[tuple[Route, ...], Look]:
    """Every way that ends, or is meant to end, at a thing."""
    sources, look = incoming(view, end)
    sources = tuple({ref.key: ref for ref in (*sources, *notifying(look, end, _MANY))}.values())
    routes: list[Route] = []
    for source in sources[:_WIDE]:
        earlier, further = behind(view, source, depth - 1) if depth > 1 and source.native_type in (refs.QUEUE, refs.TOPIC) else ((), None)
        if further:
            look.take(further)
        last = between(view, source, end)
        routes += [Route((*route.hops, *last)) for route in earlier] or [Route(last)]
    return tuple(routes[:_WIDE]), look


def through(view: FactView, stops: Sequence[ResourceRef]) -> Route:
    """The way over all the stops that were named, in their order."""
    straight = between(view, stops[0], stops[-1])
    passed = {hop.source.key for hop in straight} | {hop.target.key for hop in straight if hop.target}
    if all(stop.key in passed for stop in stops):
        return Route(straight)
    return Route(tuple(hop for left, right in itertools.pairwise(stops) for hop in between(view, left, right)))
