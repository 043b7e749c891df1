"""Stand-ins: nothing real leaves, everything comes back, kinds and relations stay."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope.interfaces import ModelError
from nephoscope.llm.masking import Mask, faults
from nephoscope.models import IdentifierKind

ACCOUNT = IdentifierKind(kind="account", pattern=r"(?<!\d)\d{12}(?!\d)", stand_in="9000000{n:05d}")
STORE = IdentifierKind(kind="store", pattern=r"(?<=sky:store:)[a-z0-9-]+", stand_in="store-{n:05d}", everywhere=True)
OURS = IdentifierKind(kind="service", pattern=r"(?:[a-z-]+\.)*sky\.com(?!\w)")
KINDS = (ACCOUNT, STORE, OURS)

REAL = st.sampled_from(
    [
        "123456789012", "900000000001", "10.0.3.7", "10.0.3.0/24", "0.0.0.0/0", "203.0.113.77", "192.168.1.1", "fd00:1:2::9", "2001:db8::1", "::1",
        "ann@corp.com", "person-0001@mail.example", "db.internal.corp.net", "host-0001.net.example", "gate.sky.com", "sky:store:lily-7", "lily-7",
        "store-00001", "name-00001", "12:30:45", "arn:x:123456789012:y/z", "“quoted”", "\ud800", "\x00", "v1.2.3", "1.2.3.4.5",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(REAL, st.text(max_size=8), st.sampled_from([" ", "\n", ".", ":", "/", "-", "@", '"', "9"])), max_size=30).map("".join)


@given(st.lists(TEXTS, max_size=4))
@settings(max_examples=300, deadline=None)
def test_text_comes_back_byte_for_byte(texts: list[str]) -> None:
    mask = Mask(KINDS, names=lambda: ["lily-7", "quoted"], key=b"k")
    for text in texts:
        assert mask.restore(mask.hide(text)) == text


def test_nothing_real_is_left_and_services_stay() -> None:
    real = ["123456789012", "10.0.3.7", "fd00:1:2::9", "ann@corp.com", "db.internal.corp.net", "lily-7"]
    text = f"{', '.join(real)} sky:store:lily-7 asks gate.sky.com over 0.0.0.0/0 at 12:30:45 by 127.0.0.1"
    hidden = Mask(KINDS, key=b"k").hide(text)
    assert [word for word in real if word in hidden] == []
    for kept in ("gate.sky.com", "0.0.0.0/0", "12:30:45", "127.0.0.1", "sky:store:store-0"):
        assert kept in hidden


def test_the_same_thing_has_the_same_stand_in_and_another_another() -> None:
    mask = Mask(KINDS, key=b"k")
    first, again = mask.hide("123456789012 and 210987654321"), mask.hide("210987654321")
    one, other = re.findall(r"\d{12}", first)
    assert (one != other, again) == (True, other)


def test_a_table_goes_on_in_another_session() -> None:
    kept: list[list[list[str]]] = []
    before = Mask(KINDS, keep=kept.append, key=b"k")
    hidden = before.hide("123456789012 at 10.0.3.7, sky:store:lily-7")
    after = Mask(KINDS, kept=kept[-1], key=b"k")
    assert after.hide("123456789012 at 10.0.3.7, sky:store:lily-7") == hidden
    assert after.restore(hidden) == "123456789012 at 10.0.3.7, sky:store:lily-7"
    assert after.hide("lily-7") in hidden
    assert after.hide("333333333333") not in hidden


def test_addresses_keep_their_neighbourhood_and_kind() -> None:
    mask = Mask(key=b"k")
    near, far = mask.hide("10.1.2.3 10.1.2.9 10.1.2.0/24").split(), mask.hide("10.1.7.3")
    assert len({address.rpartition(".")[0] for address in near}) == 1
    assert near[0] != "10.1.2.3"
    assert near[2].endswith(".0/24")
    assert far.split(".")[:2] == near[0].split(".")[:2]
    assert far.split(".")[2] != near[0].split(".")[2]
    assert mask.hide("192.168.4.4") != "192.168.4.4"
    assert mask.hide("192.168.4.4").startswith("192.168.")
    assert 16 <= int(mask.hide("172.20.1.1").split(".")[1]) <= 31
    assert not 16 <= int(mask.hide("172.64.1.1").split(".")[1]) <= 31
    assert mask.hide("169.254.169.254") == "169.254.169.254"


@given(
    st.sampled_from(["10.0.0.0/16", "10.77.0.0/16", "172.31.0.0/16", "100.64.0.0/16"]),
    st.integers(17, 30),
    st.integers(0, 2**16 - 1),
    st.binary(max_size=8),
)
def test_what_is_planned_inside_a_private_network_is_what_it_was(network: str, length: int, host: int, key: bytes) -> None:
    mask, address = Mask(key=key), ipaddress.ip_network(network)[host]
    subnet = ipaddress.ip_network(f"{address}/{length}", strict=False)
    hidden_address, hidden_subnet = mask.hide(f"{address} {subnet}").split()
    assert hidden_address != str(address)
    assert ipaddress.ip_address(hidden_address) in ipaddress.ip_network(hidden_subnet)
    assert hidden_subnet.endswith(f"/{length}")


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_no_two_addresses_share_a_stand_in(left: int, right: int) -> None:
    mask = Mask(key=b"k")
    addresses = [".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)) for number in (left, right)]
    hidden = [mask.hide(address) for address in addresses]
    assert (hidden[0] == hidden[1]) == (left == right)


def test_names_are_hidden_on_request_as_words() -> None:
    mask = Mask(names=lambda: ["orders", "orders-in"])
    assert mask.hide("orders-in of orders, not reorders") == "name-00001 of name-00002, not reorders"


@pytest.mark.parametrize("pattern", ["(a)", "(", "a*"])
def test_a_kind_that_cannot_be_used_says_why(pattern: str) -> None:
    assert list(faults(IdentifierKind(kind="x", pattern=pattern, stand_in="x-{n}")))


def test_a_masked_model_sees_and_says_stand_ins_and_the_answer_holds_real_names(bench: Any) -> None:
    bench.mask = Mask(KINDS, key=b"k")
    seat = bench.seat({"when": {"contains": ["900000000001"], "lacks": ["123456789012"]}, "text": "ask 900000000001"}, masked=True)
    answer = bench.gateway(seat).ask("planner", "test.say", {"words": "my account 123456789012 is slow"})
    assert answer.text == "ask 123456789012"
    with pytest.raises(ModelError):
        seat.masked = False
        bench.gateway(seat).ask("planner", "test.say", {"words": "my account 123456789012 is slow"})
