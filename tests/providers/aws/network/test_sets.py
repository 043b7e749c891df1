"""Set arithmetic of ports and addresses, against sets of plain numbers."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.network.intervals import NOTHING, Intervals
from nephoscope_aws.network.traffic import EVERYONE, PRIVATE_V4, PUBLIC_V4, Peer, Traffic, addresses, answer

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5)


def members(spans: list[tuple[int, int]]) -> set[int]:
    return {number for low, high in spans for number in range(low, high + 1)}


@given(SPANS, SPANS)
def test_algebra_agrees_with_plain_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    left, right = Intervals.of(*one), Intervals.of(*other)
    a, b = members(one), members(other)
    for computed, expected in [(left | right, a | b), (left & right, a & b), (left - right, a - b)]:
        assert {number for number in range(61) if number in computed} == expected
        assert computed.size == len(expected)
        assert bool(computed) == bool(expected)
    assert (left <= right) == (a <= b)
    assert Intervals.union([left, right]) == left | right


@given(SPANS, st.lists(SPANS, max_size=4))
def test_cutting_loses_nothing_and_no_mark_splits_a_piece(whole: list[tuple[int, int]], marks: list[list[tuple[int, int]]]) -> None:
    mass, edges = Intervals.of(*whole), [Intervals.of(*mark) for mark in marks]
    pieces = mass.cut(edges)
    assert Intervals.union(pieces) == mass
    assert sum(piece.size for piece in pieces) == mass.size
    assert all(piece <= edge or not piece & edge for piece in pieces for edge in edges)


def test_equal_sets_are_equal_whatever_they_were_made_of() -> None:
    assert Intervals.of((1, 3), (4, 6)) == Intervals.of((2, 6), (1, 2))
    assert str(Intervals.of((80, 80), (443, 445))) == "80, 443-445"
    assert str(NOTHING) == "none"


@given(st.ip_addresses(v=4))
def test_every_address_is_public_or_private_never_both(address: ipaddress.IPv4Address) -> None:
    assert (int(address) in PUBLIC_V4) != (int(address) in PRIVATE_V4)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_a_set_of_one(address: ipaddress.IPv6Address) -> None:
    assert addresses(str(address)) == (6, Intervals.of((int(address), int(address))))


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError):
        addresses("not-an-address")


def test_peers_know_whether_they_are_on_the_internet() -> None:
    assert EVERYONE.public
    assert Peer.at("203.0.113.10").public
    assert not Peer.at("10.0.0.0/8").public
    assert Peer.at("10.0.0.1", "2001:db8::1").family == 4


def test_an_answer_must_reach_every_port_the_caller_may_have_chosen() -> None:
    back = answer(Traffic(Intervals.of((443, 443)), "udp"))
    assert back.each
    assert back.protocol == "udp"
    assert 40000 in back.ports
    assert 443 not in back.ports
