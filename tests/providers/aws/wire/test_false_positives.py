"""Names, ids and hashes of an account must survive redaction: fewer than one in a hundred may be lost, in any usual place."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from collections.abc import Callable

import pytest

from nephoscope.boundary.broker.redaction import Redactor
from nephoscope_aws.wire.hiding import Hider
from nephoscope_aws.wire.models import operation_model
from nephoscope_aws.wire.redaction import walk

DICE = random.Random(20261128)
REDACTOR = Redactor(b"key of one investigation")
WORDS = (
    "orders images resize prod eu west queue function table stack worker api v2 export data billing invoice customer ledger nightly report stream "
    "dev staging auth gateway user session token secret key pass vpc lambda ops audit blue green canary"
).split()
PREFIXES = "i vpc subnet sg eni vol ami snap rtb igw nat acl eipalloc lt tgw vpce pcx fs rtbassoc".split()
EACH = 60
ALLOWED = 0.01


def of(letters: str, length: int) -> str:
    return "".join(DICE.choices(letters, k=length))


def hexa(length: int) -> str:
    return of("0123456789abcdef", length)


def upper(length: int) -> str:
    return of(string.ascii_uppercase + string.digits, length)


def lower(length: int) -> str:
    return of(string.ascii_lowercase + string.digits, length)


def mixed(length: int) -> str:
    return of(string.ascii_letters + string.digits, length)


def name() -> str:
    return "-".join(DICE.choice(WORDS) for _ in range(DICE.randint(1, 4)))


def path() -> str:
    return DICE.choice("-_/").join(DICE.choice(WORDS) for _ in range(DICE.randint(1, 4)))


def account() -> str:
    return of(string.digits, 12)


def region() -> str:
    return DICE.choice(["eu-west-1", "us-east-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1"])


def ident() -> str:
    return str(uuid.UUID(int=DICE.getrandbits(128)))


def arn(service: str, resource: str) -> str:
    return f"arn:{DICE.choice(['aws', 'aws', 'aws-cn', 'aws-us-gov'])}:{service}:{region()}:{account()}:{resource}"


Made = Callable[[], str]
ARNS: dict[str, Made] = {
    "function": lambda: arn("lambda", f"function:{name()}:{DICE.choice(['prod', '3', '$LATEST'])}"),
    "role": lambda: f"arn:aws:iam::{account()}:role/{DICE.choice(['', 'service-role/'])}{name()}-{DICE.choice([upper(12), name()])}",
    "objects": lambda: f"arn:aws:s3:::{name()}-{account()}/{path()}/*",
    "secret": lambda: arn("secretsmanager", f"secret:{path()}-{mixed(6)}"),
    "key": lambda: arn("kms", f"key/{DICE.choice(['', 'mrk-'])}{ident()}"),
    "task": lambda: arn("ecs", f"task/{name()}/{hexa(32)}"),
    "balancer": lambda: arn("elasticloadbalancing", f"loadbalancer/app/{name()}/{hexa(16)}"),
    "execution": lambda: arn("states", f"execution:{name()}:{ident()}"),
    "stack": lambda: arn("cloudformation", f"stack/{name()}/{ident()}"),
    "parameter": lambda: arn("ssm", f"parameter/{path()}"),
    "group": lambda: arn("logs", f"log-group:/aws/lambda/{name()}:*"),
    "session": lambda: f"arn:aws:sts::{account()}:assumed-role/{name()}/{DICE.choice(['ana', name(), 'i-' + hexa(17)])}",
    "queue": lambda: arn("sqs", name() + DICE.choice(["", ".fifo"])),
    "table": lambda: arn("dynamodb", f"table/{name()}/stream/2026-11-24T10:00:00.000"),
    "rest api": lambda: arn("execute-api", f"{lower(10)}/*/GET/{path()}"),
    "subscription": lambda: arn("sns", f"{name()}:{ident()}"),
    "cluster": lambda: arn("kafka", f"cluster/{name()}/{ident()}-{DICE.randint(1, 20)}"),
    "pool": lambda: arn("cognito-idp", f"userpool/{region()}_{mixed(9)}"),
}
IDS: dict[str, Made] = {
    "prefixed": lambda: f"{DICE.choice(PREFIXES)}-{hexa(DICE.choice([8, 17]))}",
    "uuid": ident,
    "principal": lambda: DICE.choice(["AROA", "AIDA", "AGPA", "ANPA", "AIPA"]) + upper(17),
    "zone": lambda: "Z" + upper(DICE.choice([13, 20])),
    "distribution": lambda: "E" + upper(13),
    "pool": lambda: f"{region()}_{mixed(9)}",
    "rest api": lambda: lower(10),
    "trace": lambda: f"1-{hexa(8)}-{hexa(24)}",
    "request": lambda: upper(16),
    "image": lambda: f"{account()}.dkr.ecr.{region()}.amazonaws.com/{name()}@sha256:{hexa(64)}",
    "image tag": lambda: f"{account()}.dkr.ecr.{region()}.amazonaws.com/{name()}:{DICE.choice(['latest', 'v1.2.3', hexa(7), hexa(40)])}",
    "log stream": lambda: f"2026/11/{DICE.randint(1, 30):02d}/[$LATEST]{hexa(32)}",
    "database host": lambda: f"{name()}.{lower(12)}.{region()}.rds.amazonaws.com",
    "balancer host": lambda: f"{name()}-{DICE.randint(10**8, 10**10)}.{region()}.elb.amazonaws.com",
    "queue address": lambda: f"https://sqs.{region()}.amazonaws.com/{account()}/{name()}",
    "issuer": lambda: f"https://oidc.eks.{region()}.amazonaws.com/id/{hexa(32).upper()}",
    "object key": lambda: f"{name()}/2026/11/24/{name()}-{hexa(8)}.json.gz",
    "stack's thing": lambda: f"{name()}-{DICE.choice(['Processor', 'Orders', 'Queue'])}Function-{upper(12)}",
    "version": lambda: f"{DICE.randint(0, 20)}.{DICE.randint(0, 20)}.{DICE.randint(0, 20)}-rc{DICE.randint(0, 9)}+build.{hexa(7)}",
    "log group": lambda: f"/aws/{DICE.choice(['lambda', 'rds', 'ecs'])}/{name()}",
    "unit": lambda: f"ou-{lower(4)}-{lower(8)}",
    "job": lambda: "j-" + upper(13),
    "short commit": lambda: hexa(7),
    "sum": lambda: f"sha256:{hexa(64)}",
}
UNDER_THEIR_NAMES: dict[str, tuple[str, Made]] = {
    "ETag": ("ETag", lambda: f'"{hexa(32)}"'),
    "owner": ("Owner/ID", lambda: hexa(64)),
    "code": ("CodeSha256", lambda: base64.b64encode(DICE.randbytes(32)).decode()),
    "digest": ("imageDigest", lambda: f"sha256:{hexa(64)}"),
    "commit": ("Tags/0/git-commit", lambda: hexa(40)),
    "object version": ("Versions/0/VersionId", lambda: mixed(32)),
    "client": ("UserPoolClients/0/ClientId", lambda: lower(26)),
    "fingerprint": ("KeyPairs/0/KeyFingerprint", lambda: ":".join(hexa(2) for _ in range(20))),
    "change": ("ChangeInfo/Id", lambda: f"/change/C{upper(20)}"),
    "thumbprint": ("ThumbprintList/0", lambda: hexa(40)),
}


def lost(place: str, text: str, value: str) -> bool:
    hidden = REDACTOR.hide(place, text)
    return value not in hidden and json.dumps(value)[1:-1] not in hidden


def places(value: str) -> list[tuple[str, str]]:
    return [
        ("Items/0/Arn", value), ("Items/0/Name", value), ("Tags/0/Value", value), ("Description", f"used by {value} (see runbook)"),
        ("events/0/message", f"2026-11-24T10:00:00Z INFO processing {value} for request"), ("events/0/message", json.dumps({"resource": value})),
        ("Policy", json.dumps({"Statement": [{"Resource": [value]}]})), ("Outputs/0/OutputValue", value),
    ]  # fmt: skip


@pytest.mark.parametrize("kinds", [ARNS, IDS], ids=["arns", "ids"])
def test_references_survive_wherever_they_stand(kinds: dict[str, Made]) -> None:
    tried = [(kind, value, *place) for kind, make in kinds.items() for _ in range(EACH) for value in [make()] for place in places(value)]
    wrong = [(kind, place, value) for kind, value, place, text in tried if lost(place, text, value)]
    assert len(tried) > 8000
    assert len(wrong) <= ALLOWED * len(tried), wrong[:20]


def test_digests_survive_under_their_own_names() -> None:
    tried = [(kind, place, value) for kind, (place, make) in UNDER_THEIR_NAMES.items() for _ in range(10 * EACH) for value in [make()]]
    wrong = [(kind, value) for kind, place, value in tried if lost(place, value, value)]
    assert len(wrong) <= ALLOWED * len(tried), wrong[:20]


def test_the_audience_of_a_token_names_a_client_and_nothing_else_beside_it_is_spared() -> None:
    shape = operation_model("apigatewayv2", "GetAuthorizers").output_shape
    client, other = "4n2b7v0qk1s8d6f5g3h9j0l2p1", "9z8y7x6w5v4u3t2s1r0q9p8o7n"
    reply = {"items": [{"name": "staff", "identityValidationExpression": other, "jwtConfiguration": {"audience": [client]}}]}
    (shown,) = walk(reply, shape, "", Hider(REDACTOR.hide, frozenset()))["items"]
    assert shown["jwtConfiguration"] == {"audience": [client]}
    assert other not in json.dumps(shown)


def test_an_audience_that_is_no_clients_id_is_judged_like_any_text() -> None:
    shape = operation_model("apigatewayv2", "GetAuthorizers").output_shape
    key = "AKIA" + "Q3EGRZ7T2MWXPL4V"
    reply = {"items": [{"name": "staff", "jwtConfiguration": {"audience": [key]}}]}
    assert key not in json.dumps(walk(reply, shape, "", Hider(REDACTOR.hide, frozenset())))


def test_the_record_that_proves_a_domain_is_shown_and_nothing_else_in_its_place() -> None:
    shape = operation_model("acm", "DescribeCertificate").output_shape
    name, value = "_a79865eb4cd1a6ab990a45779b4e0b96.shop.example.com.", "_424c7224e9b0146f9a8808af955727d0.mzlfeqexyx.acm-validations.aws."

    def shown(told: str) -> str:
        record = {"Name": name, "Type": "CNAME", "Value": told}
        reply = {"Certificate": {"DomainValidationOptions": [{"DomainName": "shop.example.com", "ResourceRecord": record}]}}
        (option,) = walk(reply, shape, "", Hider(REDACTOR.hide, frozenset()))["Certificate"]["DomainValidationOptions"]
        return str(option["ResourceRecord"]["Value"])

    assert shown(value) == value
    for other in (value.replace("acm-validations.aws", "example.com"), f"{value}x", "AKIA" + "Q3EGRZ7T2MWXPL4V"):
        assert shown(other) != other
