"""The way of a workload's requests: through an endpoint of its network, whose policy has a say and which conditions ask for, or past any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nephoscope.models import ResourceRef
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import NOTHING, Gathered, Source, Write
from nephoscope_aws.analyzers.reach.ends import End, Function, end_for
from nephoscope_aws.analyzers.reach.hosted import Hosted
from nephoscope_aws.analyzers.reach.mending import position
from nephoscope_aws.analyzers.reach.services import endpoint_for, is_gateway
from nephoscope_aws.analyzers.reach.sight import Sight, Unseen
from nephoscope_aws.iam import Policy
from nephoscope_aws.network.traffic import EVERYONE


@dataclass(frozen=True, slots=True)
class Passage:
    """``known``: whether it is known which way the requests go. ``endpoint``: what they go through, if anything, in ``vpc``."""

    known: bool = False
    endpoint: str = ""
    vpc: str = ""
    policies: Gathered = NOTHING


def passage(lens: Lens, actor: Actor, service: str) -> Passage:
    """How the actor's requests reach a service. Nothing is known of callers that are no workload in a network of the account."""
    end = end_for(actor.workload) if actor.workload else None
    if end is None:
        return Passage()
    sight = Sight(lens.view)
    try:
        if isinstance(end, Function) and not end.attached(sight):
            return Passage(known=True)
        if isinstance(end, Hosted) and not end.placed(sight):
            return Passage()  # in the network of the machines that carry it, whichever those are
        vpc = end.vpc(sight)
        endpoint = endpoint_for(sight, vpc, service)
        if endpoint is None or not _carries(sight, end, endpoint):
            return Passage(known=True, vpc=vpc.native_id)
        document = sight.value(endpoint, "policy")
    except Unseen as unseen:
        return Passage(policies=Gathered(None, needs=unseen.needs))
    source = Source(f"policy of endpoint {endpoint.native_id}", endpoint, "policy", document, _writer(endpoint))
    own = (Policy(source.name, document),) if document is not None else ()  # one without a policy lets everything through
    return Passage(True, endpoint.native_id, vpc.native_id, Gathered(own, {source.name: source}, sight.used))


def _carries(sight: Sight, end: End, endpoint: ResourceRef) -> bool:
    """By routes where the subnet's table has them; by names where the network resolves them to it."""
    tables = [str(key) for key in sight.value(endpoint, "route_tables") or ()]
    if not tables and not is_gateway(sight, endpoint):
        return bool(sight.value(endpoint, "private_dns"))
    here = [position(sight, end, subnet, EVERYONE) for subnet in end.subnets(sight)]
    return any(one is not None and one.table.ref.native_id in tables for one in here)


def _writer(endpoint: ResourceRef) -> Callable[[str], Write]:
    def write(text: str) -> Write:
        return Write("ec2", "ModifyVpcEndpoint", {"VpcEndpointId": endpoint.native_id, "PolicyDocument": text})

    return write
