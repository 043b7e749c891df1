"""Rubbish and near-requests on the listener's line: nothing leaves that was not judged, nothing hangs, and the next honest request is answered."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nephoscope.boundary.broker import server as serving
from nephoscope.boundary.broker.inventory import Inventory
from nephoscope.boundary.broker.limiter import Limiter
from nephoscope.boundary.broker.owner import Owners
from nephoscope.boundary.broker.pipeline import Pipeline
from nephoscope.boundary.broker.purse import Purse
from nephoscope.boundary.broker.recorder import Recorder
from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.boundary.broker.resume import Attempt
from nephoscope.boundary.broker.tiers import Tiers
from nephoscope.boundary.broker.upstream import Upstream
from nephoscope.models import Budget, Call, Identity, WireReply
from nephoscope.store import BROKER, Ledger, Position
from nephoscope_aws.wire import AwsWire

ALIAS = "NEPH0123456789ABCDEF"
OWN, FOREIGN = "123456789012", "999988887777"
READS = re.compile(r"^(?:Describe|List|Get|Head|Lookup|Simulate)")
SECRETS = re.compile(r"GetSecretValue|GetSessionToken|GetFederationToken|GetPasswordData|GetAuthorizationToken|GetRandomPassword")
SECONDS = 8.0
HEAD = "Host: aws.neph\r\nAuthorization: AWS4-HMAC-SHA256 Credential={alias}/20261122/eu-west-1/{name}/aws4_request, "
HEAD += "SignedHeaders=host, Signature=0a\r\n"


def form(name: str, body: str, *, target: str = "http://aws.neph/", extra: str = "") -> bytes:
    head = HEAD.format(alias=ALIAS, name=name)
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    return f"POST {target} HTTP/1.1\r\n{head}{kind}{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def json_call(name: str, target: str, body: str, extra: str = "") -> bytes:
    head = HEAD.format(alias=ALIAS, name=name)
    kind = f"Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}\r\n"
    return f"POST http://aws.neph/ HTTP/1.1\r\n{head}{kind}{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def path(method: str, name: str, target: str, extra: str = "") -> bytes:
    return f"{method} http://aws.neph{target} HTTP/1.1\r\n{HEAD.format(alias=ALIAS, name=name)}{extra}\r\n".encode()


HONEST = form("ec2", "Action=DescribeVpcs&Version=2016-11-15")
SEEDS = [
    HONEST,
    form("ec2", "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1"),
    form("ec2", "Action=GetPasswordData&Version=2016-11-15&InstanceId=i-1"),
    form("iam", "Action=DeleteRole&Version=2010-05-08&RoleName=x"),
    form("iam", "Action=ListRoles&Version=2010-05-08"),
    form("sts", "Action=GetSessionToken&Version=2011-06-15"),
    json_call("dynamodb", "DynamoDB_20120810.ListTables", "{}"),
    json_call("dynamodb", "DynamoDB_20120810.DeleteTable", '{"TableName": "orders"}'),
    json_call("secretsmanager", "secretsmanager.GetSecretValue", '{"SecretId": "orders"}'),
    json_call("kms", "TrentService.DescribeKey", f'{{"KeyId": "arn:aws:kms:eu-west-1:{FOREIGN}:key/1"}}'),
    path("GET", "s3", "/"), path("DELETE", "s3", "/orders-in"), path("GET", "s3", "/orders-in?notification"), path("PUT", "s3", "/orders-in?acl"),
    path("GET", "lambda", "/2015-03-31/functions/"), path("DELETE", "lambda", "/2015-03-31/functions/resize"),
    path("GET", "lambda", f"/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A{FOREIGN}%3Afunction%3Ax/policy"),
    path("GET", "apigateway", "/restapis"), path("POST", "apigateway", "/restapis", "Content-Length: 0\r\n"),
    b"CONNECT sts.eu-west-1.amazonaws.com:443 HTTP/1.1\r\nHost: sts.eu-west-1.amazonaws.com:443\r\n\r\n",
]  # fmt: skip
PIECES = [
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 0\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Host: evil.example.com\r\n", b"X-Amz-Target: DynamoDB_20120810.DeleteTable\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Encoding: aws-chunked\r\n", b"Trailer: x\r\n", b"Expect: 100-continue\r\n", b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
    b"X-HTTP-Method-Override: DELETE\r\n", b"smithy-protocol: rpc-v2-cbor\r\n", b"Content-Type: application/cbor\r\n",
    b"Action=TerminateInstances&", b"&Action=TerminateInstances", b"?Action=DeleteRole&", b"\r\n", b"\n", b"\0", b"\r", b" ", b"\t",
    b"%41ction=DeleteRole", b"http://evil.example.com/", b"0\r\n\r\n", b"ffffffff\r\n",
    b"Content-Type: application/vnd.amazon.eventstream\r\n", b"X-Amz-Security-Token: x\r\n", b"TE: trailers\r\n", b"Range: bytes=0-\r\n",
    b"/../", b"%2e%2e%2f", b"x-amz-account-id: 999988887777\r\n", b"DELETE ", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"HTTP/1.0", b"HTTP/0.9",
    b"\xff\xfe", "ü".encode(),
]  # fmt: skip


class Session:
    """Stands at the end of the line and writes down what would have left."""

    def __init__(self) -> None:
        self.identity = Identity(cloud="aws", account=OWN, principal=f"arn:aws:iam::{OWN}:role/r", regions=("eu-west-1", "us-east-1"), alias=ALIAS)
        self.sent: list[Call] = []

    def send(self, call: Call) -> WireReply:
        self.sent.append(call)
        body = b'<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcSet/></DescribeVpcsResponse>'
        return WireReply(status=200, headers=(("content-type", "text/xml"),), body=body)


class Line:
    """A listener as a sandbox sees it, over a pipeline with the real wire."""

    def __init__(self, folder: Path) -> None:
        self.session = Session()
        upstream = Upstream(Redactor(b"key"), Limiter(unlimited=True))
        self.pipeline = Pipeline(
            {"aws": AwsWire()}, [self.session], tiers=Tiers(), purse=Purse.resumed(Budget(calls=10**6), _nothing(folder)),
            recorder=Recorder(Ledger(folder)), upstream=upstream, on_event=lambda _: None,
        )  # fmt: skip
        inventory = Inventory(self.pipeline, Attempt(BROKER))
        self.pipeline.owners = Owners(self.pipeline.identities, inventory.documents)
        self.attempt = Attempt(Position(step=1, script_hash="0" * 64))

    def talk(self, *messages: bytes) -> list[bytes]:
        return asyncio.run(self._talk(messages))

    async def _talk(self, messages: tuple[bytes, ...]) -> list[bytes]:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]

        async def handle(request: Any) -> WireReply:
            self.attempt.requests = self.attempt.refusals = 0
            return await self.pipeline.handle(request, self.attempt)

        server = serving.Server(listening.detach(), handle)
        await server.start()
        try:
            return [await asyncio.wait_for(_exchange(port, message), SECONDS) for message in messages]
        finally:
            await server.close()


def _nothing(folder: Path) -> Any:
    ledger = Ledger(folder)
    spent = ledger.spent()
    ledger.close()
    return spent


async def _exchange(port: int, message: bytes) -> bytes:
    """Send all, say that this is all, and read to the end. An ended connection is an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    with contextlib.suppress(ConnectionError):
        writer.write(message)
        await writer.drain()
        writer.write_eof()
        said = await reader.read(200_000)
    writer.close()
    return said


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    yield Line(tmp_path_factory.mktemp("run"))


@pytest.fixture
def judged(line: Line) -> Iterator[Callable[[], None]]:
    def check() -> None:
        for call in line.session.sent:
            assert READS.match(call.operation), call
            assert not SECRETS.search(call.operation), call
            assert FOREIGN not in str(call.params), call
        line.session.sent.clear()

    line.session.sent.clear()
    yield check
    check()


def mutated(dice: random.Random) -> bytes:
    """A request, or two, with something wrong."""
    message = bytearray(dice.choice(SEEDS))
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(message) + 1)
        lines = [match.end() for match in re.finditer(rb"\r\n", bytes(message))] or [place]
        kind = dice.randrange(7)
        if kind == 0:
            message[place:place] = dice.choice(PIECES)
        elif kind == 1:
            spot = dice.choice(lines)
            message[spot:spot] = dice.choice(PIECES)
        elif kind == 2:
            del message[place : place + dice.randint(1, 12)]
        elif kind == 3 and message:
            message[min(place, len(message) - 1)] = dice.randrange(256)
        elif kind == 4:
            message += dice.choice(SEEDS)
        elif kind == 5:
            spot = dice.choice(lines)
            message[spot:spot] = bytes(message[spot : spot + 60].partition(b"\n")[0]) + b"\n"
        else:
            other = dice.choice(SEEDS)
            message[place:] = other[dice.randrange(len(other)) :]
    return bytes(message)


def test_requests_with_something_wrong_never_become_another_call(line: Line, judged: Callable[[], None]) -> None:
    dice = random.Random(20261128)
    for _ in range(40):
        said = line.talk(*(mutated(dice) for _ in range(15)), HONEST)
        assert said[-1].startswith(b"HTTP/1.1 200"), "the line lives on"
        judged()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=400), min_size=1, max_size=6))
def test_any_bytes_are_survived(line: Line, judged: Callable[[], None], junk: list[bytes]) -> None:
    assert line.talk(*junk, HONEST)[-1].startswith(b"HTTP/1.1 200")
    judged()


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_the_seeds_themselves(line: Line, judged: Callable[[], None], number: int) -> None:
    """What they ask for is read, so that the changes made to them begin at something real."""
    said = line.talk(SEEDS[number])[0]
    assert said.startswith((b"HTTP/1.1 200", b"HTTP/1.1 40", b"HTTP/1.1 502")), said[:200]
    judged()


REFUSED = {
    "a compressed body": form("ec2", "Action=DescribeVpcs&Version=2016-11-15", extra="Content-Encoding: gzip\r\n"),
    "chunks of the SDK's": path("PUT", "s3", "/orders-in/x",
                                "Content-Encoding: aws-chunked\r\nX-Amz-Decoded-Content-Length: 1\r\nContent-Length: 0\r\n"),
    "a trailer": path("PUT", "s3", "/orders-in/x", "Trailer: x-amz-checksum-crc32\r\nContent-Length: 0\r\n"),
    "binary maps": path("POST", "monitoring", "/service/GraniteServiceVersion20100801/operation/PutMetricData",
                        "smithy-protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\nContent-Length: 0\r\n"),
    "an event stream": path("POST", "lambda", "/2021-11-15/functions/x/response-streaming-invocations", "Content-Length: 0\r\n"),
    "two targets": json_call("dynamodb", "DynamoDB_20120810.ListTables", "{}", "X-Amz-Target: DynamoDB_20120810.DeleteTable\r\n"),
    "an action in query and body": form("ec2", "Action=DescribeVpcs&Version=2016-11-15", target="http://aws.neph/?Action=DescribeVpcs"),
    "a target beside an action": form("ec2", "Action=DescribeVpcs&Version=2016-11-15", extra="X-Amz-Target: DynamoDB_20120810.ListTables\r\n"),
    "another service's scope": form("rds", "Action=DescribeVpcs&Version=2016-11-15"),
    "a host of another region": form("ec2", "Action=DescribeVpcs&Version=2016-11-15", target="http://ec2.us-west-2.amazonaws.com/"),
    "huge headers": path("GET", "s3", "/", "X-Pad: " + "x" * 70000 + "\r\n"),
    "many headers": path("GET", "s3", "/", "".join(f"X-{n}: y\r\n" for n in range(300))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_two_readings_or_none_is_refused_and_the_line_lives_on(line: Line, judged: Callable[[], None], name: str) -> None:
    said = line.talk(REFUSED[name], HONEST)
    assert re.match(rb"HTTP/1\.1 4\d\d ", said[0]), said[0][:300]
    assert line.session.sent[:-1] == [] or all(call.operation == "DescribeVpcs" for call in line.session.sent)
    assert said[1].startswith(b"HTTP/1.1 200")


def test_who_waits_for_leave_to_send_a_body_gets_it(line: Line, judged: Callable[[], None]) -> None:
    said = line.talk(form("ec2", "Action=DescribeVpcs&Version=2016-11-15", extra="Expect: 100-continue\r\n"))[0]
    assert b"HTTP/1.1 200" in said


def test_a_head_gets_no_body(line: Line, judged: Callable[[], None]) -> None:
    said = line.talk(path("HEAD", "s3", "/not-ours"))[0]
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4")
    assert body == b""


def test_slow_clients_hold_nobody_up(line: Line, judged: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)

    async def slow() -> tuple[bytes, bytes]:
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = serving.Server(listening.detach(), lambda request: line.pipeline.handle(request, line.attempt))
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HONEST[:40])
        quick = await asyncio.wait_for(_exchange(port, HONEST), SECONDS)
        dropped = await asyncio.wait_for(reader.read(1000), SECONDS)
        writer.close()
        await server.close()
        return quick, dropped

    quick, dropped = asyncio.run(slow())
    assert quick.startswith(b"HTTP/1.1 200")
    assert b"200" not in dropped
