"""Security groups and network ACLs, against an oracle that asks about one packet at a time."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.network import acls, groups
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import ANY_PORT, COMMON_EPHEMERAL, EVERYONE, SOMEONE, Peer, Traffic, answer

BLOCKS = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "203.0.113.0/24", "::/0"])
PORTS = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
PROTOCOLS = st.sampled_from(["6", "17", "-1"])
ENTRIES = st.lists(
    st.builds(
        lambda number, egress, allow, protocol, ports, block: {
            "RuleNumber": number,
            "Egress": egress,
            "RuleAction": "allow" if allow else "deny",
            "Protocol": protocol,
            **({"Ipv6CidrBlock": block} if ":" in block else {"CidrBlock": block}),
            **({"PortRange": {"From": ports[0], "To": ports[1]}} if protocol != "-1" else {}),
        },
        st.integers(1, 300),
        st.booleans(),
        st.booleans(),
        PROTOCOLS,
        PORTS,
        BLOCKS,
    ),
    max_size=6,
    unique_by=lambda entry: (entry["RuleNumber"], entry["Egress"]),
)


def first_match(entries: list[dict[str, Any]], egress: bool, port: int, address: str) -> bool:
    for entry in sorted(entries, key=lambda item: item["RuleNumber"]):
        block = ipaddress.ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"])
        span = entry.get("PortRange", {"From": 0, "To": 65535})
        fits = entry["Egress"] == egress and entry["Protocol"] in ("6", "-1") and span["From"] <= port <= span["To"]
        if fits and ipaddress.ip_address(address) in block:
            return bool(entry["RuleAction"] == "allow")
    return False


@given(ENTRIES, st.booleans(), st.integers(0, 12), st.sampled_from(["10.1.2.3", "10.1.2.4", "10.1.9.9", "203.0.113.5", "8.8.8.8", "2001:db8::1"]))
def test_an_acl_decides_single_packets_as_the_first_match_does(entries: list[dict[str, Any]], egress: bool, port: int, address: str) -> None:
    result = acls.admits(entries, "out" if egress else "in", Traffic(Intervals.of((port, port))), Peer.at(address))
    assert (result.passage.state == "open") == first_match(entries, egress, port, address)


@given(ENTRIES, st.sampled_from(["10.1.2.3", "203.0.113.5"]))
def test_a_set_of_ports_is_split_exactly(entries: list[dict[str, Any]], address: str) -> None:
    passage = acls.admits(entries, "in", Traffic(Intervals.of((0, 12))), Peer.at(address)).passage
    assert {port for port in range(13) if port in passage.passing} == {port for port in range(13) if first_match(entries, False, port, address)}
    assert passage.passing | passage.stopped == Intervals.of((0, 12))


@given(ENTRIES)
def test_rule_order_is_blamed_only_for_what_another_order_would_let_through(entries: list[dict[str, Any]]) -> None:
    traffic, peer = Traffic(Intervals.of((5, 5))), Peer.at("10.1.2.3")
    result = acls.admits(entries, "in", traffic, peer)
    if result.overruled:
        assert result.passage.state == "blocked"
        late = {rule.number for rule in result.overruled}
        moved = [{**entry, "RuleNumber": 0} for entry in entries if entry["RuleNumber"] in late and not entry["Egress"]]
        assert acls.admits([*moved, *entries], "in", traffic, peer).passage.state == "open"


def entry(number: int, action: str, low: int | None = None, high: int | None = None, cidr: str = "0.0.0.0/0", egress: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"RuleNumber": number, "Egress": egress, "RuleAction": action, "Protocol": "-1" if low is None else "6", "CidrBlock": cidr}
    return made if low is None else {**made, "PortRange": {"From": low, "To": high or low}}


HTTPS = Traffic(Intervals.of((443, 443)))


def test_a_narrow_deny_before_the_default_allow_is_a_deny_not_a_wrong_order() -> None:
    result = acls.admits([entry(50, "deny", 443), entry(100, "allow")], "in", HTTPS, EVERYONE)
    assert result.passage.state == "blocked"
    assert not result.overruled


def test_an_exception_after_its_deny_is_a_wrong_order() -> None:
    result = acls.admits([entry(100, "deny", 1, 9000), entry(200, "allow", 443)], "in", HTTPS, EVERYONE)
    assert [rule.number for rule in result.overruled] == [200]


@pytest.mark.parametrize(("peer", "state"), [(EVERYONE, "open"), (SOMEONE, "open"), (Peer.at("198.51.100.66"), "blocked")])
def test_a_deny_for_one_address_counts_for_that_address_only(peer: Peer, state: str) -> None:
    entries = [entry(50, "deny", cidr="198.51.100.66/32"), entry(100, "allow")]
    assert acls.admits(entries, "in", HTTPS, peer).passage.state == state


def test_answers_need_every_common_ephemeral_port() -> None:
    back = answer(HTTPS)
    assert acls.admits([entry(100, "allow", 32768, 60999, egress=True)], "out", back, EVERYONE).passage.state == "open"
    assert acls.admits([entry(100, "allow", 40000, 60999, egress=True)], "out", back, EVERYONE).passage.state == "blocked"
    assert back.ports == COMMON_EPHEMERAL


def permission(low: int, high: int | None = None, *, cidr: str = "", group: str = "", prefix_list: str = "", protocol: str = "tcp") -> dict[str, Any]:
    return {
        "IpProtocol": protocol,
        "FromPort": low,
        "ToPort": high or low,
        "IpRanges": [{"CidrIp": cidr}] if cidr and ":" not in cidr else [],
        "Ipv6Ranges": [{"CidrIpv6": cidr}] if ":" in cidr else [],
        "UserIdGroupPairs": [{"GroupId": group}] if group else [],
        "PrefixListIds": [{"PrefixListId": prefix_list}] if prefix_list else [],
    }


PERMISSIONS = st.lists(
    st.builds(
        lambda ports, cidr, group, protocol: permission(ports[0], ports[1], cidr=cidr, group=group, protocol=protocol),
        PORTS,
        BLOCKS,
        st.sampled_from(["", "sg-a", "sg-b"]),
        st.sampled_from(["tcp", "udp", "-1"]),
    ),
    max_size=5,
)


@given(PERMISSIONS, PERMISSIONS)
def test_more_rules_never_let_less_through_and_order_does_not_matter(one: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    traffic, peer = Traffic(Intervals.of((0, 12))), Peer.at("10.1.2.3", groups=frozenset({"sg-a"}))
    alone, both = groups.admits(one, traffic, peer), groups.admits([*more, *one], traffic, peer)
    assert alone.passing <= both.passing
    assert both.passing == groups.admits([*one, *more], traffic, peer).passing


@pytest.mark.parametrize(
    ("rule", "peer", "state"),
    [
        (permission(443, cidr="0.0.0.0/0"), EVERYONE, "open"),
        (permission(443, cidr="203.0.113.0/24"), EVERYONE, "blocked"),
        (permission(443, cidr="203.0.113.0/24"), SOMEONE, "unknown"),
        (permission(443, cidr="10.0.0.0/8"), SOMEONE, "blocked"),
        (permission(443, cidr="203.0.113.0/24"), Peer.at("203.0.113.9"), "open"),
        (permission(443, cidr="203.0.113.0/25"), Peer.at("203.0.113.0/24"), "blocked"),
        (permission(443, cidr="203.0.113.0/25"), Peer.at("203.0.113.0/24", certainty="any"), "open"),
        (permission(443, group="sg-app"), Peer.at("10.0.0.5", groups=frozenset({"sg-app"})), "open"),
        (permission(443, group="sg-app"), Peer.at("10.0.0.5", groups=frozenset({"sg-other"})), "blocked"),
        (permission(443, group="sg-app"), Peer.at("10.0.0.0/16", groups=None, certainty="any"), "open"),
        (permission(443, cidr="::/0"), Peer.at("10.0.0.5"), "blocked"),
        (permission(443, cidr="2001:db8::/32"), Peer.at("2001:db8::7"), "open"),
        (permission(-1, protocol="icmp", cidr="0.0.0.0/0"), EVERYONE, "blocked"),
        (permission(443, protocol="udp", cidr="0.0.0.0/0"), EVERYONE, "blocked"),
    ],
)
def test_security_group_rules(rule: dict[str, Any], peer: Peer, state: str) -> None:
    assert groups.admits([rule], HTTPS, peer).state == state


def test_prefix_lists_count_with_their_entries() -> None:
    rule = permission(443, prefix_list="pl-1")
    assert groups.prefix_lists([rule]) == {"pl-1"}
    assert groups.admits([rule], HTTPS, Peer.at("192.0.2.4")).state == "blocked"
    assert groups.admits([rule], HTTPS, Peer.at("192.0.2.4"), {"pl-1": ["192.0.2.0/24"]}).state == "open"


def test_ping_passes_icmp_rules_only() -> None:
    ping = Traffic(protocol="icmp")
    assert groups.admits([permission(-1, protocol="icmp", cidr="0.0.0.0/0")], ping, EVERYONE).state == "open"
    assert groups.admits([permission(0, 65535, cidr="0.0.0.0/0")], ping, EVERYONE).state == "blocked"


def test_of_unknown_ports_one_open_port_is_enough_of_named_ports_all_are_needed() -> None:
    rule = permission(443, cidr="0.0.0.0/0")
    open_set = groups.admits([rule], Traffic(ANY_PORT), EVERYONE)
    assert open_set.state == "open"
    assert open_set.passing == HTTPS.ports
    assert groups.admits([rule], Traffic(Intervals.of((80, 80), (443, 443)), each=True), EVERYONE).state == "blocked"
