"""Probes of the way to a cloud service: by an endpoint inside the network, or out by the internet."""

from __future__ import annotations

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.ends import End, Endpoint, peer_of
from nephoscope_aws.analyzers.reach.guards import PORT_CLOSED, SOURCE_MISMATCH, group_in
from nephoscope_aws.analyzers.reach.mending import position
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.gateways import kind_of
from nephoscope_aws.network.traffic import EVERYONE, Traffic

ENDPOINT_CLOSED = "aws.ec2.vpc-endpoint-sg-blocks-443"
ENDPOINT_ROUTE_MISSING = "aws.ec2.vpc-endpoint-route-missing"
DNS_OFF = "aws.ec2.vpc-dns-hostnames-off"


def endpoint_for(sight: Sight, vpc: ResourceRef, service: str) -> ResourceRef | None:
    """The network's endpoint for a service, such as ``secretsmanager``."""
    refs = [refer("ec2:vpc-endpoint", str(key), vpc) for key in sight.value(vpc, "vpc_endpoints") or ()]
    names = sight.all_of([(ref, "service") for ref in refs])
    return next((ref for ref, name in zip(refs, names, strict=True) if str(name).endswith(f".{service}")), None)


def is_gateway(sight: Sight, endpoint: ResourceRef) -> bool:
    """Whether the endpoint works by routes rather than by addresses."""
    return str(sight.value(endpoint, "flavour")) == "Gateway"


def admits(source: End, endpoint: Endpoint) -> Probe:
    """The endpoint's security groups let the source in."""
    plain = group_in(endpoint, lambda sight: peer_of(source, sight))

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        outcome = plain.judge(sight, traffic)
        if outcome.fault not in (PORT_CLOSED, SOURCE_MISMATCH):
            return outcome
        details = {**outcome.details, "endpoint": endpoint.ref.native_id}
        return Outcome(outcome.state, outcome.reason, outcome.subject, ENDPOINT_CLOSED, outcome.suppose, details)

    return Probe("aws.ec2.seen-endpoint-security-group", endpoint.ref, (ENDPOINT_CLOSED,), judge)


def resolves(source: End, endpoint: Endpoint) -> Probe:
    """The service's name resolves to the endpoint inside the network; else callers need a way out to its public address."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        vpc = endpoint.vpc(sight)
        hostnames, support = sight.values(vpc, "dns.hostnames", "dns.support")
        private = sight.value(endpoint.ref, "private_dns")
        if hostnames and support and private:
            return Outcome("open", f"names resolve to {endpoint.ref.native_id} inside {sight.name(vpc)}", vpc)
        off = {"enableDnsHostnames": not hostnames, "enableDnsSupport": not support, "private DNS of the endpoint": not private}
        told = ", ".join(name for name, is_off in off.items() if is_off)
        if any(_leads_out(sight, source, subnet) for subnet in source.subnets(sight)):
            return Outcome("open", f"{told} off: the name resolves to the public address, to which there is a route", vpc)
        suppose = (
            Supposition(subject=vpc, attribute="dns.hostnames", value=True),
            Supposition(subject=vpc, attribute="dns.support", value=True),
            Supposition(subject=endpoint.ref, attribute="private_dns", value=True),
        )
        details: dict[str, JsonValue] = {"vpc": vpc.native_id, "vpc_name": sight.name(vpc), "endpoint": endpoint.ref.native_id, "off": told}
        reason = f"{told} off in {sight.name(vpc)}: the name resolves to a public address, to which there is no route"
        return Outcome("blocked", reason, vpc, DNS_OFF, suppose, details)

    return Probe("aws.ec2.seen-private-name", endpoint.ref, (DNS_OFF,), judge)


def _leads_out(sight: Sight, source: End, subnet: ResourceRef) -> bool:
    here = position(sight, source, subnet, EVERYONE)
    return here is not None and kind_of(here.found.target) in ("internet", "nat")


def routed(source: End, subnet: ResourceRef, endpoint: Endpoint) -> Probe:
    """The subnet's table has the gateway endpoint's route; else callers need a way out."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        here = position(sight, source, subnet, EVERYONE)
        if here is None:
            return Outcome("unknown", f"no route table is shown for {sight.name(subnet)}")
        held = [str(key) for key in sight.value(endpoint.ref, "route_tables") or ()]
        table = sight.name(here.table.ref)
        if here.table.ref.native_id in held:
            return Outcome("open", f"{table} of {sight.name(subnet)} has the route of {endpoint.ref.native_id}", here.table.ref)
        if kind_of(here.found.target) in ("internet", "nat"):
            return Outcome("open", f"{table} of {sight.name(subnet)} leads out by {here.found.target}, past the endpoint", here.table.ref)
        mended: list[JsonValue] = [*held, here.table.ref.native_id]
        details: dict[str, JsonValue] = {"endpoint": endpoint.ref.native_id, "table": here.table.ref.native_id, "subnet_name": sight.name(subnet)}
        suppose = (Supposition(subject=endpoint.ref, attribute="route_tables", value=mended),)
        reason = f"{table} of {sight.name(subnet)} has neither the route of {endpoint.ref.native_id} nor a way out"
        return Outcome("blocked", reason, endpoint.ref, ENDPOINT_ROUTE_MISSING, suppose, details)

    return Probe("aws.ec2.seen-endpoint-route", subnet, (ENDPOINT_ROUTE_MISSING,), judge)
