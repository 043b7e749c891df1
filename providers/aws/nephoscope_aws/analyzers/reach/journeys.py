"""Journeys: the hops between two ends, in the order in which packets meet them, forward and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.reach import balancing, crossing, leaving, routing, services, standing
from nephoscope_aws.analyzers.reach.ends import Balancer, Database, End, Endpoint, Function, Instance, Network, peer_of
from nephoscope_aws.analyzers.reach.ground import gateways, tables
from nephoscope_aws.analyzers.reach.guards import PORT_CLOSED, acl, group_in, group_out
from nephoscope_aws.analyzers.reach.mending import ANY_WAY, STRAIGHT, position
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe
from nephoscope_aws.analyzers.reach.sight import Sight, Unseen, together
from nephoscope_aws.network.gateways import kind_of
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.routes import target_of
from nephoscope_aws.network.traffic import ANYWHERE, COMMON_EPHEMERAL, EPHEMERAL, EVERYONE, NEARBY, Peer, Traffic


@dataclass(frozen=True)
class Leg:
    """Hops that one conversation passes."""

    probes: tuple[Probe, ...]
    traffic: Traffic


@dataclass(frozen=True)
class Asked:
    """What the words say of the conversation. ``ports`` None: nothing; ``exact``: a number, not a word. ``answered``: a status came back."""

    traffic: Traffic
    exact: bool = False
    named: bool = False
    answered: bool = False
    refused: bool = False


def waiting(subject: ResourceRef, unseen: Unseen, traffic: Traffic) -> Leg:
    """A hop that asks for what decides the shape of the journey."""
    asking = Outcome("unknown", "not seen yet", needs=unseen.needs)
    return Leg((Probe("aws.ec2.seen-ends", subject, (PORT_CLOSED,), lambda *_: asking),), traffic)


def clocked(leg: Leg, subject: ResourceRef) -> Leg:
    """The leg where somebody says that it is slow: that a path is open tells nothing of how long it takes."""
    unseen = Outcome("unknown", f"how long {subject.label} takes to answer is not shown by its settings")
    return replace(leg, probes=(*leg.probes, Probe("aws.ec2.seen-speed", subject, (), lambda *_: unseen)))


def composed(sight: Sight, subject: ResourceRef, make: Callable[[], Sequence[Leg]], traffic: Traffic) -> list[Leg]:
    """Legs, or while their shape depends on facts not seen yet, one hop that asks for those."""
    try:
        return list(make())
    except Unseen as unseen:
        return [waiting(subject, unseen, traffic)]


def arrival(end: End, asked: Asked) -> list[Probe]:
    """The end is up and serves the port."""
    probes = standing.alive(end)
    if isinstance(end, Database):
        probes.append(standing.database_port(end, asked.traffic.ports if asked.exact else None))
    if isinstance(end, Balancer):
        probes.append(balancing.listener(end, named=asked.named))
    return probes


def _entry(end: End, subnets: Sequence[ResourceRef], who: Callable[[Sight], Peer], other: End | None = None) -> list[Probe]:
    """Filters of the end, for the request and for the answers."""
    requests = [acl(end, subnet, "in", who, other=other) for subnet in subnets]
    answers = [acl(end, subnet, "out", who, other=other, replies=_callers_ports(other)) for subnet in subnets]
    return [*requests, group_in(end, who), *answers]


def _callers_ports(caller: End | None) -> Intervals:
    return EPHEMERAL if isinstance(caller, Function | Balancer) else COMMON_EPHEMERAL


def _proven(probe: Probe) -> Probe:
    reason = "an HTTP status came back, so the request got as far as the load balancer"
    return replace(probe, judge=lambda sight, traffic: Outcome("open", reason))


def from_outside(sight: Sight, target: End, peer: Peer, asked: Asked) -> list[Leg]:
    """From the internet to an end in a network."""
    subnets = target.subnets(sight)
    way = [*standing.public_address(target), routing.gateway(target)]
    way += [routing.route_out(target, subnet, STRAIGHT, lambda _: peer) for subnet in subnets]
    way += _entry(target, subnets, lambda _: peer)
    if asked.answered and isinstance(target, Balancer):
        way = [_proven(probe) for probe in way]
    if asked.refused and isinstance(target, Instance):
        way.append(standing.listening(target))
    return [Leg((*arrival(target, asked), *way), asked.traffic), *behind(sight, target, asked)]


def from_somewhere(sight: Sight, target: End, asked: Asked) -> list[Leg]:
    """From a caller that the words do not place, to an end that is not called from the internet: it is enough that somebody is let in."""
    who = ANYWHERE if target.public(sight) else NEARBY
    probes = [*arrival(target, asked), *_entry(target, target.subnets(sight), lambda _: who), crossing.joined(target)]
    return [Leg(tuple(probes), asked.traffic), *behind(sight, target, asked)]


def kept_private(sight: Sight, target: End) -> bool:
    """Whether the end is built not to be called from the internet: no address there, or a network that never had a way there."""
    if isinstance(target, Database | Balancer) and not target.public(sight):
        return True
    if not _wired(sight, target):
        return True
    if isinstance(target, Instance):
        if target.public(sight) or sight.value(target.ref, "state") not in ("running", "pending"):
            return False
        places = [position(sight, target, subnet, EVERYONE) for subnet in target.subnets(sight)]
        return not any(kind_of(place.found.target) == "internet" for place in places if place)
    return False


def _wired(sight: Sight, target: End) -> bool:
    """Whether the network has an internet gateway, or routes that remember one."""
    vpc = target.vpc(sight)
    if not vpc.native_id:
        return False
    sight.values(vpc, "internet_gateways", "route_tables")
    leads = [kind_of(target_of(route)) for table in tables(sight, vpc) for route in table.routes]
    return bool(gateways(sight, vpc)) or "internet" in leads


def outbound(sight: Sight, source: End, peer: Peer, asked: Asked) -> list[Leg]:
    """From an end in a network to the internet."""
    if isinstance(source, Function) and not source.attached(sight):
        free = Outcome("open", f"{source.ref.label} runs outside any network, with the cloud's own way out")
        return [Leg((Probe("aws.lambda.seen-way-out", source.ref, (routing.FUNCTION_WITHOUT_NAT,), lambda *_: free),), asked.traffic)]
    probes = [*standing.alive(source), group_out(source, lambda _: peer)]
    for subnet in _used(sight, source, peer):
        probes += [
            acl(source, subnet, "out", lambda _: peer),
            routing.route_out(source, subnet, ANY_WAY, lambda _: peer),
            leaving.nat(source, subnet, lambda _: peer),
            leaving.router(source, subnet, lambda _: peer),
            leaving.own_address(source, subnet, lambda _: peer),
            acl(source, subnet, "in", lambda _: peer, replies=_callers_ports(source)),
        ]
    return [Leg((*probes, routing.gateway(source)), asked.traffic)]


def towards(source: End, peer: Peer, asked: Asked) -> list[Leg]:
    """From an end to a private address that no machine of the account holds: the way out of the end, and no further."""
    beyond = Outcome("unknown", f"nothing that can be seen here has the address {peer.label}")
    far = Probe("aws.ec2.seen-address-holder", source.ref, (crossing.NOT_CONNECTED,), lambda *_: beyond)
    return [Leg((*standing.alive(source), group_out(source, lambda _: peer), far), asked.traffic)]


def unplaced(source: End, where: ResourceRef, asked: Asked) -> list[Leg]:
    """From an end to a thing whose place in a network is not shown, or to nobody knows what: that the end is up, and no further."""
    what = f"whom {source.ref.label} calls" if where.key == source.ref.key else f"where {where.label} stands in a network"
    beyond = Outcome("unknown", f"{what} is not shown")
    far = Probe("aws.ec2.seen-place", where, (crossing.NOT_CONNECTED,), lambda *_: beyond)
    return [Leg((*standing.alive(source), far), asked.traffic)]


def let_in(source: End, service: str, asked: Asked) -> Leg:
    """Where no lost packets are told of, a way to a service that is open is half the matter: what it answers, policies and keys decide."""
    half = Outcome("unknown", f"the way to {service} is not all: whether it lets {source.ref.label} in is not asked of a network")
    return Leg((Probe("aws.ec2.seen-let-in", source.ref, (), lambda *_: half),), asked.traffic)


def _used(sight: Sight, end: End, peer: Peer) -> list[ResourceRef]:
    """The end's subnets; of a whole network those that lead towards the peer, or one of them when none does."""
    subnets = end.subnets(sight)
    if not isinstance(end, Network):
        return subnets
    places = [position(sight, end, subnet, peer) for subnet in subnets]
    return [place.subnet for place in places if place and place.found.target not in ("", "local")] or subnets[:1]


def between(sight: Sight, source: End, target: End, asked: Asked) -> list[Leg]:
    """From one end to another inside the account's networks."""
    up = [*standing.alive(source), *arrival(target, asked), *standing.mounted_near(source, target)]
    if isinstance(source, Function):
        up.insert(0, standing.inside(source, target))
        if not source.attached(sight):
            return [Leg(tuple(up), asked.traffic)]
    here, there = _used(sight, source, peer_of(target, sight)), _used(sight, target, peer_of(source, sight))

    def caller(sight: Sight) -> Peer:
        return peer_of(source, sight)

    def called(sight: Sight) -> Peer:
        return peer_of(target, sight)

    forward = [group_out(source, called), *(acl(source, subnet, "out", called, other=target) for subnet in here)]
    forward += [crossing.route_across(source, subnet, target) for subnet in here]
    across = [crossing.accepted(source, target), *(crossing.route_across(target, subnet, source) for subnet in there)]
    back = [acl(source, subnet, "in", called, other=target, replies=_callers_ports(source)) for subnet in here]
    probes = [*up, *forward, *across, *_entry(target, there, caller, source), *back]
    if asked.refused and isinstance(target, Instance):
        probes.append(standing.listening(target))
    return [Leg(tuple(probes), asked.traffic), *behind(sight, target, asked)]


def behind(sight: Sight, target: End, asked: Asked) -> list[Leg]:
    """From a load balancer to the targets behind it."""
    if not isinstance(target, Balancer):
        return []
    balancer = target

    def legs() -> list[Leg]:
        made: list[Leg] = []
        for group in balancing.target_groups(sight, balancer, asked.traffic.ports):
            made.append(Leg((balancing.targets(group, balancer), balancing.registered_port(group)), asked.traffic))
            made += composed(sight, group, partial(to_backends, sight, balancer, group), asked.traffic)
        return made

    return composed(sight, balancer.ref, legs, asked.traffic)


def to_backends(sight: Sight, end: Balancer, group: ResourceRef) -> list[Leg]:
    """From a load balancer to some of the targets of a group."""
    return together(*(partial(_to_backend, sight, end, backend) for backend in balancing.backends(sight, group)))


def _to_backend(sight: Sight, end: Balancer, backend: balancing.Backend) -> Leg:
    def balancer(sight: Sight) -> Peer:
        return peer_of(end, sight)

    def machine(sight: Sight) -> Peer:
        return peer_of(backend.instance, sight)

    probes = [*standing.alive(backend.instance), group_out(end, machine)]
    for subnet in backend.instance.subnets(sight):
        probes.append(acl(backend.instance, subnet, "in", balancer, other=end))
        probes.append(acl(backend.instance, subnet, "out", balancer, other=end, replies=EPHEMERAL))
    probes.append(balancing.backend_in(backend, end))
    return Leg(tuple(probes), Traffic(Intervals.of((backend.port, backend.port)), each=True))


def to_service(sight: Sight, source: End, service: str, asked: Asked) -> list[Leg]:
    """From an end to one of the cloud's own services."""
    https = replace(asked, traffic=Traffic(Intervals.of((443, 443)), each=True))
    if isinstance(source, Function) and not source.attached(sight):
        return outbound(sight, source, EVERYONE, https)
    ref = services.endpoint_for(sight, source.vpc(sight), service)
    if ref is None:
        return outbound(sight, source, EVERYONE, https)
    return to_endpoint(sight, source, Endpoint(ref), https)


def to_endpoint(sight: Sight, source: End, endpoint: Endpoint, asked: Asked) -> list[Leg]:
    """From an end to a service's endpoint in its network."""
    traffic = Traffic(Intervals.of((443, 443)), each=True)
    if services.is_gateway(sight, endpoint.ref):
        probes = [*standing.alive(source), *standing.alive(endpoint), group_out(source, lambda _: EVERYONE)]
        return [Leg((*probes, *(services.routed(source, subnet, endpoint) for subnet in source.subnets(sight))), traffic)]
    up = [*standing.alive(source), *standing.alive(endpoint), services.resolves(source, endpoint)]
    way = [group_out(source, lambda sight: peer_of(endpoint, sight)), services.admits(source, endpoint)]
    return [Leg((*up, *way), traffic)]
