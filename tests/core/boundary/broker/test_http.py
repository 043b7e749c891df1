"""Reading requests: one reading, or none."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.boundary.broker.http import MAX_BODY, MAX_HEAD, BadRequest, RequestReader, render
from nephoscope.models import WireReply, WireRequest

GOOD = b"GET http://api.brook.test/v1/ponds?page=p2 HTTP/1.1\r\nHost: api.brook.test\r\nX-Brook-Key: k\r\n\r\n"


def read(data: bytes) -> list[WireRequest]:
    reader = RequestReader()
    reader.feed(data)
    return [request for request, _ in reader.requests]


def test_a_proxy_request_is_split_and_nothing_is_decoded() -> None:
    (request,) = read(GOOD.replace(b"/v1/ponds", b"/v1/po%2Fnds"))
    assert (request.method, request.scheme, request.host, request.path, request.query) == ("GET", "http", "api.brook.test", "/v1/po%2Fnds", "page=p2")
    assert request.header("x-brook-key") == "k"


def test_bodies_by_length_and_in_chunks() -> None:
    head = b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\n"
    assert read(head + b"Content-Length: 3\r\n\r\nabc")[0].body == b"abc"
    assert read(head + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")[0].body == b"abc"


def test_several_requests_in_one_packet_stay_apart() -> None:
    assert [request.query for request in read(GOOD + GOOD.replace(b"p2", b"p4"))] == ["page=p2", "page=p4"]


@pytest.mark.parametrize(
    "bad",
    [
        b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET http://user@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET http://a.test:8080/ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX-Op: one\r\nx-op: two\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX-Op: one\r\n two\r\n\r\n",
        b"GET http://a.test/#top HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\nHost: a.test\n\n",
        b"GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Op: late\r\n\r\n",
        b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1),
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nExpect: money\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nX: a\0b\r\n\r\n",
    ],
)
def test_anything_else_is_refused(bad: bytes) -> None:
    with pytest.raises(BadRequest):
        read(bad)


def test_a_head_that_never_ends_is_refused() -> None:
    reader = RequestReader()
    reader.feed(b"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n")
    with pytest.raises(BadRequest):
        for _ in range(100_000):
            reader.feed(b"x")


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_waited_for(data: bytes) -> None:
    try:
        requests = read(data)
    except BadRequest:
        return
    assert requests == []


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.data())
def test_a_changed_byte_never_reads_as_the_same_request(index: int, byte: int, data: st.DataObject) -> None:
    changed = GOOD[:index] + bytes([byte]) + GOOD[index + 1 :]
    try:
        found = read(changed)
    except BadRequest:
        return
    if found and changed != GOOD:
        blind = changed.lower().replace(b"\t", b" ") == GOOD.lower() or GOOD[index : index + 1] in b"1 "
        assert found[0] != read(GOOD)[0] or blind


@given(st.lists(st.integers(1, len(GOOD)), max_size=8))
def test_how_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    reader = RequestReader()
    edges = [0, *sorted(set(cuts)), len(GOOD)]
    for start, end in pairwise(edges):
        if start != end:
            reader.feed(GOOD[start:end])
    assert [request for request, _ in reader.requests] == read(GOOD)


def test_replies_cannot_be_split_and_head_has_no_body() -> None:
    reply = WireReply(status=200, headers=(("X-A", "b\r\nX-Evil: 1"), ("Content-Length", "999"), ("Transfer-Encoding", "chunked")), body=b"abc")
    written = render(reply, head=False, keep_alive=True)
    assert b"Evil" not in written
    assert b"Content-Length: 3\r\n" in written
    assert b"chunked" not in written
    head = render(reply, head=True, keep_alive=True)
    assert b"Content-Length: 999\r\n" in head
    assert head.endswith(b"\r\n\r\n")
