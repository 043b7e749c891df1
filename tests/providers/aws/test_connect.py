"""Opening a scope: who we are, or what to type next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from nephoscope.interfaces.errors import CredentialsError, EndpointError, UsageError
from nephoscope.models import Call, Identity, Scope
from nephoscope_aws.session import DOCUMENT_CAP, AwsSession
from nephoscope_aws.surroundings import surroundings
from nephoscope_aws.wire import AwsWire

IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>
<UserId>U</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
ASSUMED = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""
Answer = Callable[[bytes, dict[str, str]], tuple[int, bytes]]


def failure(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>".encode()


class Cloud:
    """An endpoint that answers whatever a test wants, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda body, headers: (200, IDENTITY)
        self.asked: list[tuple[bytes, dict[str, str]]] = []
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                cloud.asked.append((body, headers))
                status, reply = cloud.answer(body, headers)
                self.send_response(status)
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.server.shutdown()
    cloud.server.server_close()


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in (
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def scope(**options: str) -> Scope:
    return Scope(cloud="aws", options={"region": "eu-west-1", **options})


def test_an_endpoint_of_this_machine_needs_no_credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    (session,) = AwsWire().connect(scope(endpoint_url=cloud.url))
    assert (session.identity.account, session.identity.regions) == ("111122223333", ("eu-west-1",))
    assert "AKIAREAL" not in cloud.asked[0][1]["authorization"], "real keys stay at home"
    assert "nephoscope/" in cloud.asked[0][1]["user-agent"]


def test_a_role_is_taken_on_the_trusted_side(cloud: Cloud) -> None:
    cloud.answer = lambda body, headers: (200, ASSUMED if b"Action=AssumeRole" in body else IDENTITY)
    AwsWire().connect(scope(endpoint_url=cloud.url, role_arn="arn:aws:iam::111122223333:role/Inspector"))
    assert b"RoleSessionName=nephoscope-" in cloud.asked[0][0]
    assert "Credential=ASIAROLE/" in cloud.asked[1][1]["authorization"]


def test_no_credentials(nothing_of_this_machine: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        AwsWire().connect(scope())
    assert "aws configure" in caught.value.hint and "aws sso login" in caught.value.hint


def test_an_unknown_profile() -> None:
    with pytest.raises(CredentialsError) as caught:
        AwsWire().connect(scope(profile="nobody"))
    assert "nobody" in caught.value.message and "--profile" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "expired"), [("ExpiredToken", True), ("InvalidClientTokenId", False), ("SignatureDoesNotMatch", False), ("AccessDenied", False)]
)
def test_credentials_that_are_refused(code: str, expired: bool, cloud: Cloud) -> None:
    cloud.answer = lambda body, headers: (403, failure(code))
    with pytest.raises(CredentialsError) as caught:
        AwsWire().connect(scope(endpoint_url=cloud.url))
    assert caught.value.expired is expired
    assert caught.value.hint.startswith("aws ")
    assert len(cloud.asked) == 1, "nothing is tried twice"


@pytest.mark.parametrize(
    "reply", [(200, b"<html><body>welcome</body></html>"), (200, b"<!DOCTYPE html><p>x"), (200, b""), (200, b"{}"), (404, b"not here"), (500, b"")]
)
def test_something_that_is_not_the_cloud(reply: tuple[int, bytes], cloud: Cloud) -> None:
    cloud.answer = lambda body, headers: reply
    with pytest.raises(EndpointError) as caught:
        AwsWire().connect(scope(endpoint_url=cloud.url))
    assert cloud.url in caught.value.message and caught.value.hint


def test_nobody_there() -> None:
    with pytest.raises(EndpointError, match="cannot be reached"):
        AwsWire().connect(scope(endpoint_url="http://127.0.0.1:1"))


@pytest.mark.parametrize("options", [{"endpoint_url": "ftp://x"}, {"endpoint_url": "nonsense"}, {"region": "mars-north-1"}])
def test_options_that_make_no_sense(options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        AwsWire().connect(scope(**options))


REGIONS = b"""<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo>
<item><regionName>sa-east-1</regionName></item><item><regionName>eu-west-1</regionName></item></regionInfo></DescribeRegionsResponse>"""


def test_where_nobody_chose_a_region_all_that_are_enabled_are_in_reach(cloud: Cloud) -> None:
    cloud.answer = lambda body, headers: (200, REGIONS if b"DescribeRegions" in body else IDENTITY)
    (session,) = AwsWire().connect(Scope(cloud="aws", options={"endpoint_url": cloud.url}))
    assert session.identity.roaming
    assert session.identity.regions == ("eu-west-1", "sa-east-1")


def test_where_regions_may_not_be_asked_the_known_ones_are_in_reach(cloud: Cloud) -> None:
    cloud.answer = lambda body, headers: (403, failure("UnauthorizedOperation")) if b"DescribeRegions" in body else (200, IDENTITY)
    (session,) = AwsWire().connect(Scope(cloud="aws", options={"endpoint_url": cloud.url}))
    assert session.identity.roaming
    assert session.identity.regions[0] == "us-east-1"


def test_a_chosen_region_is_the_only_one(cloud: Cloud) -> None:
    (session,) = AwsWire().connect(scope(endpoint_url=cloud.url))
    assert not session.identity.roaming
    assert not any(b"DescribeRegions" in body for body, _ in cloud.asked)


def test_a_reply_without_end_is_cut(cloud: Cloud) -> None:
    (session,) = AwsWire().connect(scope(endpoint_url=cloud.url))
    cloud.answer = lambda body, headers: (200, b" " * (DOCUMENT_CAP + 1000))
    assert isinstance(session, AwsSession)
    reply = session.send(Call(identity=session.identity, region="eu-west-1", service="lambda", operation="ListFunctions"))
    assert len(reply.body) == DOCUMENT_CAP
    assert AwsWire().parse(Call(identity=session.identity, region="eu-west-1", service="lambda", operation="ListFunctions"), reply).error


def test_a_call_that_cannot_be_sent_is_told(cloud: Cloud) -> None:
    (session,) = AwsWire().connect(scope(endpoint_url=cloud.url))
    cloud.server.shutdown()
    cloud.server.server_close()
    with pytest.raises(EndpointError, match="cannot be reached"):
        session.send(Call(identity=session.identity, region="eu-west-1", service="sqs", operation="ListQueues"))


def test_surroundings_hold_nothing_of_worth() -> None:
    ids = [
        Identity(cloud="aws", account=a, principal=a, regions=(r,), alias=f"NEPH{a}") for a, r in (("1" * 12, "eu-west-1"), ("2" * 12, "us-east-1"))
    ]
    around = surroundings(ids, "http://127.0.0.1:4566")
    assert around.env["AWS_ENDPOINT_URL"] == "http://aws.neph"
    assert {around.env[name] for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")} == {"http://127.0.0.1:4566"}
    assert around.env["AWS_ACCESS_KEY_ID"] == ids[0].alias
    assert "[profile 222222222222]\nregion = us-east-1" in around.files[".aws/config"]
    assert f"[222222222222]\naws_access_key_id = {ids[1].alias}" in around.files[".aws/credentials"]
