"""Whether a TCP connection comes about, there and back, from the steps that built the network."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope_suite_aws.oracles.acts import Act, Acts, Unreadable

OUTSIDE = ("1.1.1.1", "93.184.215.14", "139.5.20.7", "203.0.113.77")
"""Some addresses of the internet."""
_REPLY_PORTS = (32768, 49152, 60999)
_DEFAULT_PORTS = {"postgres": 5432, "mysql": 3306}


@dataclass(frozen=True)
class End:
    """An address in a subnet behind security groups; ``subnet`` is empty outside."""

    address: str
    subnet: str = ""
    groups: tuple[str, ...] = ()
    public: bool = False
    name: str = ""


def connects(acts: Acts, source: str, target: str, port: int) -> bool:
    """Raises :class:`Unreadable` where some ways work and some do not."""
    told = set(_Network(acts).attempts(source, target, port))
    if len(told) != 1:
        raise Unreadable(f"{source} to {target}: {told}")
    return told.pop()


class _Network:
    def __init__(self, acts: Acts) -> None:
        self._acts = acts
        self._possible()

    def attempts(self, source: str, target: str, port: int) -> Iterator[bool]:
        if target == "Secrets Manager":
            yield from self._to_service("secretsmanager", source, port)
            return
        if target.startswith("load balancer "):
            yield from self._through_balancer(target.rsplit(maxsplit=1)[-1], source, port)
            return
        targets, listening = self._ends(target), self._listening(target)
        if listening and listening != port:
            yield self._acts.stopped(target.rsplit(maxsplit=1)[-1])
            return
        sources = self._ends(source)
        if not sources or not targets:
            yield False
        for one in sources:
            yield from (self._flows(one, other, port) for other in targets)

    def _possible(self) -> None:
        """What no account lets anybody build."""
        blocks: dict[str, list[ipaddress.IPv4Network]] = {}
        for subnet in self._acts.of("ec2:CreateSubnet"):
            vpc = self._acts.named(subnet.params["VpcId"])
            block, whole = (ipaddress.IPv4Network(one.params["CidrBlock"]) for one in (subnet, vpc))
            if vpc.do != "ec2:CreateVpc" or not block.subnet_of(whole) or any(block.overlaps(other) for other in blocks.setdefault(vpc.name, [])):
                raise Unreadable(subnet.name)
            blocks[vpc.name].append(block)
        for one in self._rules():
            if one.get("FromPort", 0) > one.get("ToPort", 65535):
                raise Unreadable("a range of ports that ends before it begins")
        joined = self._acts.of("ec2:AssociateRouteTable")
        if len({one.params["SubnetId"] for one in joined}) < len(joined):
            raise Unreadable("a subnet with two route tables")
        if any(self._acts.named(one.params["RouteTableId"]).params["VpcId"] != self._vpc(one.params["SubnetId"]) for one in joined):
            raise Unreadable("a route table of another network")
        for entry in self._acts.of("ec2:CreateNetworkAclEntry"):
            ports = entry.params.get("PortRange", {})
            if entry.params["Protocol"] not in ("-1", "6", "17") or (entry.params["Protocol"] != "-1" and not ports):
                raise Unreadable("an entry the service refuses")
            if ports.get("From", 0) > ports.get("To", 65535) or ports.get("To", 0) > 65535:
                raise Unreadable("a range of ports that ends before it begins")

    def _rules(self) -> Iterator[Any]:
        for do in ("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"):
            for act in self._acts.of(do):
                yield from act.params.get("IpPermissions", ())

    # -- ends

    def _ends(self, words: str) -> list[End]:
        """Where the words may mean; nothing when it is not there or not running."""
        if words == "the internet":
            return [End(one, public=True) for one in OUTSIDE]
        kind, _, name = words.rpartition(" ")
        if kind == "function":
            return self._function(name)
        if kind == "database":
            return self._database(name)
        try:
            return [End(str(ipaddress.ip_address(words)), public=True)]
        except ValueError:
            return self._instance(self._by_tag(words))

    def _by_tag(self, name: str) -> Act:
        for act in self._acts.of("ec2:RunInstances"):
            tags = [tag for one in act.params.get("TagSpecifications", ()) for tag in one.get("Tags", ())]
            if {"Key": "Name", "Value": name} in tags:
                return act
        raise Unreadable(name)

    def _instance(self, act: Act) -> list[End]:
        stopped = self._acts.after("ec2:StopInstances", "ec2:StartInstances", "InstanceIds", act.name)
        if stopped or self._acts.gone(["ec2:TerminateInstances"], "InstanceIds", act.name):
            self._acts.stopped(act.name)
            return []
        groups = list(act.params.get("SecurityGroupIds", ()))
        changed = self._acts.last("ec2:ModifyInstanceAttribute", InstanceId=act.name)
        if changed and "Groups" in changed.params:
            groups = changed.params["Groups"]
        subnet = act.params["SubnetId"]
        given = self._acts.last("ec2:AssociateAddress", InstanceId=act.name) is not None
        return [self._in(subnet, groups, act.name, public=given or self._gives_addresses(subnet, act))]

    def _gives_addresses(self, subnet: str, act: Act) -> bool:
        before = self._acts.all[: self._acts.all.index(act)]
        told = [one for one in before if one.do == "ec2:ModifySubnetAttribute" and one.params["SubnetId"] == subnet]
        return bool(told) and bool(told[-1].params.get("MapPublicIpOnLaunch", {}).get("Value"))

    def _in(self, subnet: str, groups: Sequence[str], name: str = "", *, public: bool = False) -> End:
        block = ipaddress.IPv4Network(self._acts.named(subnet).params["CidrBlock"])
        return End(str(block[10]), subnet, tuple(groups), public, name)

    def _function(self, name: str) -> list[End]:
        act = self._acts.last("lambda:CreateFunction", FunctionName=name)
        if act is None:
            self._acts.stopped(name)
            return []
        settings = act.params.get("VpcConfig", {})
        if not settings.get("SubnetIds"):
            return [End(OUTSIDE[-1], public=True)]
        return [self._in(subnet, settings["SecurityGroupIds"], name) for subnet in settings["SubnetIds"]]

    def _database(self, name: str) -> list[End]:
        act = self._acts.last("rds:CreateDBInstance", DBInstanceIdentifier=name)
        if act is None or self._acts.gone(["rds:StopDBInstance", "rds:DeleteDBInstance"], "DBInstanceIdentifier", name):
            self._acts.stopped(name)
            return []
        shelf = self._acts.last("rds:CreateDBSubnetGroup", DBSubnetGroupName=act.params["DBSubnetGroupName"])
        if shelf is None:
            raise Unreadable(name)
        public = [one.params["PubliclyAccessible"] for one in (act, *self._changes(name)) if "PubliclyAccessible" in one.params]
        open_ = bool(public and public[-1])
        return [self._in(subnet, act.params["VpcSecurityGroupIds"], name, public=open_) for subnet in shelf.params["SubnetIds"]]

    def _changes(self, name: str) -> list[Act]:
        return self._acts.of("rds:ModifyDBInstance", DBInstanceIdentifier=name)

    def _listening(self, target: str) -> int:
        """The port a thing listens on; 0 where any may."""
        kind, _, name = target.rpartition(" ")
        act = self._acts.last("rds:CreateDBInstance", DBInstanceIdentifier=name) if kind == "database" else None
        if act is None:
            return 0
        ports = [_DEFAULT_PORTS[act.params["Engine"]], *(one.params["DBPortNumber"] for one in self._changes(name) if "DBPortNumber" in one.params)]
        return int(ports[-1])

    # -- ways

    def _through_balancer(self, name: str, source: str, port: int) -> Iterator[bool]:
        act = self._acts.last("elbv2:CreateLoadBalancer", Name=name)
        listener = act and next((one for one in self._acts.of("elbv2:CreateListener", LoadBalancerArn=act.name) if one.params["Port"] == port), None)
        if act is None or listener is None or self._acts.gone(["elbv2:DeleteLoadBalancer"], "LoadBalancerArn", act.name):
            yield self._acts.stopped(name, act.name if act else name)
            return
        if listener.params["Protocol"] != "HTTP":
            raise Unreadable("a listener without its certificate")
        facing = act.params.get("Scheme", "internet-facing") == "internet-facing"
        nodes = [self._in(subnet, act.params.get("SecurityGroups", ()), act.name, public=facing) for subnet in act.params["Subnets"]]
        group = self._acts.named(listener.params["DefaultActions"][0]["TargetGroupArn"])
        if group.params["Protocol"] != "HTTP":
            raise Unreadable("what the targets speak is not told")
        joined = [one for act in self._acts.of("elbv2:RegisterTargets", TargetGroupArn=group.name) for one in act.params["Targets"]]
        served = any(
            self._flows(node, end, one.get("Port", group.params["Port"]))
            for one in joined for node in nodes for end in self._instance(self._acts.named(one["Id"]))
        )  # fmt: skip
        if not served:
            self._acts.stopped(group.name)
        for end in self._ends(source):
            for node in nodes:
                yield served and self._flows(end, node, port)

    def _to_service(self, service: str, source: str, port: int) -> Iterator[bool]:
        ends = self._ends(source)
        if not ends:
            yield False
        for end in ends:
            door = self._door(service, end)
            if door is None:
                yield from (self._flows(end, End(one, public=True), port) for one in OUTSIDE)
                continue
            yield from (
                self._flows(end, self._in(subnet, door.params.get("SecurityGroupIds", ()), door.name), port) for subnet in door.params["SubnetIds"]
            )

    def _door(self, service: str, end: End) -> Act | None:
        """The endpoint that the service's own name leads to."""
        vpc = self._vpc(end.subnet) if end.subnet else ""
        for act in self._acts.of("ec2:CreateVpcEndpoint", VpcId=vpc):
            if not act.params["ServiceName"].endswith(f".{service}") or self._acts.gone(["ec2:DeleteVpcEndpoints"], "VpcEndpointIds", act.name):
                continue
            names = [one for one in self._acts.of("ec2:ModifyVpcAttribute", VpcId=vpc) if "EnableDnsHostnames" in one.params]
            resolves = bool(names) and names[-1].params["EnableDnsHostnames"]["Value"]
            if act.params.get("PrivateDnsEnabled") and resolves:
                return act
        return None

    def _flows(self, source: End, target: End, port: int) -> bool:
        """There and back."""
        same = bool(source.subnet) and source.subnet == target.subnet
        if not self._groups_let("Egress", source, target, port) or not self._groups_let("Ingress", target, source, port):
            return False
        if same:
            return True
        walls = (
            self._wall(source, target, port, egress=True), self._wall(target, source, port, egress=False),
            *(self._wall(target, source, back, egress=True) for back in _REPLY_PORTS),
            *(self._wall(source, target, back, egress=False) for back in _REPLY_PORTS),
        )  # fmt: skip
        return all(walls) and self._routed(source, target, port) and self._routed(target, source, port, reply=True)

    def _groups_let(self, way: str, end: End, other: End, port: int) -> bool:
        if not end.subnet:
            return True
        told = any(_covers(rule, port) and self._for(rule, other) for group in end.groups for rule in self._group_rules(way, group))
        return told or self._acts.stopped(*end.groups)

    def _group_rules(self, way: str, group: str) -> Iterator[Any]:
        if self._acts.named(group).do != "ec2:CreateSecurityGroup":
            raise Unreadable(group)
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        kept = [everything] if way == "Egress" else []
        for act in self._acts.all:
            if act.params.get("GroupId") != group:
                continue
            if act.do == f"ec2:AuthorizeSecurityGroup{way}":
                kept += act.params.get("IpPermissions", ())
            elif act.do == f"ec2:RevokeSecurityGroup{way}":
                kept = [one for one in kept if one not in act.params["IpPermissions"]]
        yield from kept

    def _for(self, rule: Any, other: End) -> bool:
        address = ipaddress.ip_address(other.address)
        if any(address in ipaddress.ip_network(one["CidrIp"]) for one in rule.get("IpRanges", ())):
            return True
        return any(one.get("GroupId") in other.groups for one in rule.get("UserIdGroupPairs", ()))

    def _wall(self, end: End, other: End, port: int, *, egress: bool) -> bool:
        """The network ACL of an end's subnet."""
        acl = self._acl(end.subnet) if end.subnet else ""
        if not acl:
            return True
        entries = [one.params for one in self._acts.of("ec2:CreateNetworkAclEntry", NetworkAclId=acl) if one.params["Egress"] == egress]
        numbers = [one["RuleNumber"] for one in entries]
        if len(numbers) != len(set(numbers)):
            raise Unreadable("two entries of one number")
        for entry in sorted(entries, key=lambda one: int(one["RuleNumber"])):
            ports = entry.get("PortRange", {"From": 0, "To": 65535}) if entry["Protocol"] in ("6", "-1") else {"From": 1, "To": 0}
            wide = entry["Protocol"] == "-1" or ports["From"] <= port <= ports["To"]
            if wide and ipaddress.ip_address(other.address) in ipaddress.ip_network(entry["CidrBlock"]):
                return bool(entry["RuleAction"] == "allow") or self._acts.stopped(acl)
        return self._acts.stopped(acl)

    def _acl(self, subnet: str) -> str:
        """Empty: the one that comes with the VPC, which lets everything through."""
        for act in reversed(self._acts.of("ec2:ReplaceNetworkAclAssociation")):
            held = self._acts.named(act.params["AssociationId"])
            if subnet in [value for one in held.params["Filters"] for value in one["Values"]]:
                return str(act.params["NetworkAclId"])
        return ""

    def _vpc(self, subnet: str) -> str:
        return str(self._acts.named(subnet).params["VpcId"])

    def _routed(self, end: End, other: End, port: int, *, reply: bool = False) -> bool:
        if not end.subnet:
            return True
        if other.subnet and self._vpc(end.subnet) == self._vpc(other.subnet):
            return True
        route = self._route(end.subnet, other.address)
        if route is None:
            return self._acts.stopped(self._table(end.subnet), end.subnet)
        if "VpcPeeringConnectionId" in route.params:
            return self._peered(route.params["VpcPeeringConnectionId"], end, other)
        if "GatewayId" in route.params:
            gateway = self._acts.last("ec2:AttachInternetGateway", InternetGatewayId=route.params["GatewayId"])
            held = self._acts.after("ec2:AttachInternetGateway", "ec2:DetachInternetGateway", "InternetGatewayId", route.params["GatewayId"])
            there = gateway is not None and held and gateway.params["VpcId"] == self._vpc(end.subnet)
            if not there:
                self._acts.stopped(route.params["GatewayId"], self._table(end.subnet))
            if not end.public:
                self._acts.stopped(end.name, end.subnet)
            return not other.subnet and there and end.public
        if reply:
            self._acts.stopped(self._table(end.subnet), end.subnet)
        return not reply and not other.subnet and self._translated(route.params["NatGatewayId"], end, other, port)

    def _route(self, subnet: str, address: str) -> Act | None:
        joined = self._acts.last("ec2:AssociateRouteTable", SubnetId=subnet)
        if joined is None:
            return None
        if self._acts.named(joined.params["RouteTableId"]).params["VpcId"] != self._vpc(subnet):
            raise Unreadable("a route table of another network")
        routes = [
            (ipaddress.ip_network(one.params["DestinationCidrBlock"]), one)
            for one in self._acts.of("ec2:CreateRoute", RouteTableId=joined.params["RouteTableId"])
        ]  # fmt: skip
        fitting = [(block.prefixlen, one) for block, one in routes if ipaddress.ip_address(address) in block]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None

    def _table(self, subnet: str) -> str:
        joined = self._acts.last("ec2:AssociateRouteTable", SubnetId=subnet)
        return str(joined.params["RouteTableId"]) if joined else subnet

    def _peered(self, name: str, end: End, other: End) -> bool:
        act = self._acts.named(name)
        ends = {act.params["VpcId"], act.params["PeerVpcId"]}
        accepted = self._acts.last("ec2:AcceptVpcPeeringConnection", VpcPeeringConnectionId=name) is not None
        gone = self._acts.gone(["ec2:DeleteVpcPeeringConnection"], "VpcPeeringConnectionId", name)
        whole = bool(other.subnet) and accepted and not gone and ends == {self._vpc(end.subnet), self._vpc(other.subnet)}
        return whole or self._acts.stopped(name, self._table(end.subnet))

    def _translated(self, name: str, end: End, other: End, port: int) -> bool:
        act = self._acts.named(name)
        if self._acts.gone(["ec2:DeleteNatGateway"], "NatGatewayId", name) or self._vpc(act.params["SubnetId"]) != self._vpc(end.subnet):
            return self._acts.stopped(name, self._table(end.subnet))
        if act.params.get("ConnectivityType", "public") != "public" or "AllocationId" not in act.params:
            return self._acts.stopped(name)
        node = self._in(act.params["SubnetId"], (), public=True)
        inner = end.subnet == node.subnet or (self._wall(node, end, port, egress=False) and self._wall(node, end, _REPLY_PORTS[0], egress=True))
        outer = self._wall(node, other, port, egress=True) and self._wall(node, other, _REPLY_PORTS[0], egress=False)
        way = self._route(node.subnet, other.address)
        if way is None or "GatewayId" not in way.params:
            return self._acts.stopped(name, node.subnet, self._table(node.subnet))
        return inner and outer and self._routed(node, other, port)


def _covers(rule: Any, port: int) -> bool:
    if str(rule["IpProtocol"]) == "-1":
        return True
    return str(rule["IpProtocol"]) in ("tcp", "6") and rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
