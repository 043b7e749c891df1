"""What may be seen of a reply: references survive by their form, secrets do not, wherever they hide."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import string
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.boundary.broker.redaction import PLACEHOLDER, Redactor

REDACTOR = Redactor(b"key of one investigation")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
KEY_ID = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nabc\n-----END RSA PRIVATE KEY-----"

SURVIVE = [
    ("Buckets/0/Name", "orders-in"),
    ("HostedZones/0/Id", "/hostedzone/Z0KJ7Q4XW2N8PL5D3T6R"),
    ("HostedZones/0/Id", "/hostedzone/4REEYY0J79UXO57FZA494L"),
    ("Configuration/FunctionArn", "arn:cloud:lambda:eu-west-1:123456789012:function:resize-Images_v2"),
    ("Role", "arn:cloud:iam::123456789012:role/service-role/resize-role-1k2j3h4g"),
    ("Stack/Resources/0/PhysicalResourceId", "orders-ProcessorFunction-9XQ2ZK1M3N4P"),
    ("InstanceId", "i-0abcdef1234567890"),
    ("SubnetIds/1", "subnet-0a1b2c3d4e5f60718"),
    ("Owner/ID", "75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a"),
    ("CodeSha256", base64.b64encode(hashlib.sha256(b"x").digest()).decode()),
    ("ETag", '"d41d8cd98f00b204e9800998ecf8427e"'),
    ("RequestId", "7a62c49f-347e-4fc4-9331-6e8e7a96aa73"),
    ("KeyId", "1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("RoleId", "AROAEXAMPLEID0123456X"),
    ("LastModified", "2026-11-24T10:00:00.000+0000"),
    ("Endpoint/Address", "orders.cluster-c9akciq32rgw.eu-west-1.rds.example.com"),
    ("QueueUrl", "https://sqs.eu-west-1.example.com/123456789012/orders"),
    ("CidrBlock", "10.0.0.0/16"),
    ("CidrIpv6", "2001:db8::/32"),
    ("Region", "ap-southeast-2"),
    ("AvailabilityZone", "us-gov-west-1a"),
    ("Handler", "app.handlers.resize_image.lambda_handler"),
    ("ScheduleExpression", "cron(0 12 * * ? *)"),
    ("Description", "Resizes what lands in orders-in; see the runbook of team storage."),
    ("StateReason", "User: arn:cloud:sts::123456789012:assumed-role/ops/alice is not authorized to perform: s3:GetObject on resource: x"),
    ("Events/0", "s3:ObjectCreated:*"),
    ("Filter/Rules/0/Value", "images/incoming/"),
    ("Filter/Rules/1/Value", ".jpeg"),
    ("Engine", "postgres"),
    ("EngineVersion", "15.4"),
    ("Port", "5432"),
    ("Runtime", "python3.12"),
    ("SecretList/0/Name", "prod/orders/database"),
    ("MasterUserSecret/SecretArn", "arn:cloud:secretsmanager:eu-west-1:123456789012:secret:prod/orders-AbCdEf"),
    ("PasswordPolicy/HardExpiry", "true"),
    ("PasswordLastUsed", "2026-01-01T00:00:00Z"),
    ("TokenExpiry", "3600"),
    ("LogStreamName", "2026/11/24/[$LATEST]0123456789abcdef0123456789abcdef"),
    ("Message", "START RequestId: 7a62c49f-347e-4fc4-9331-6e8e7a96aa73 Version: $LATEST"),
    ("Message", "Task timed out after 3.00 seconds for key images/2026/11/24/orders-export-final-version.jpeg"),
    ("Tags/0/Value", "team-storage@example.com"),
    ("PolicyArn", "arn:cloud:iam::cloud:policy/AmazonS3ReadOnlyAccess"),
    ("Value", "S3BucketPolicyForVpcFlowLogsV2Prod"),
    ("Value", "backup-20261124T101500Z0001"),
    ("Value", "images/Incoming/2026/OrdersExportFolder1"),
    ("Message", "not authorized to read arn:cloud:secretsmanager:eu-west-1:123456789012:secret:prod/orders-AbCdEf"),
    ("Environment/Variables/TABLE_NAME", "orders-prod"),
    ("Environment/Variables/BUCKET", "orders-in"),
    ("Environment/Variables/QUEUE_URL", "https://sqs.eu-west-1.example.com/123456789012/orders"),
    ("Environment/Variables/TIMEOUT", "30"),
    ("Environments/0/Status", "Ready"),
    ("project/environment/computeType", "BUILD_GENERAL1_SMALL"),
    ("Environment/Variables/DEBUG", "false"),
    ("Environment/Variables/TOPIC", "arn:cloud:sns:eu-west-1:123456789012:orders"),
    ("Environment/Variables/DB_HOST", "orders.internal.example.com"),
    ("containerDefinitions/0/environment/0/LOG_LEVEL", "info"),
    ("Policy", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "s3.example.com"}}]})),
    ("events/0/message", "the password is incorrect for user ana"),
    ("events/0/message", "mysql -P 3306 -h db.example.com -p orders"),
    ("events/0/message", "mkdir -p /var/lib/mysql"),
]

HIDDEN = [
    ("Things/0/Id", "/hostedzone/Zk9Jq7XmW2/bN8vPl5D3tR"),
    ("MasterUserPassword", "hunter2"),
    ("Parameters/0/DbPassword", "12345678"),
    ("SecretString", "x"),
    ("accessKey/SecretAccessKey", SECRET_KEY),
    ("Credentials/SessionToken", "short"),
    ("apiKey/value", "abcdef"),
    ("Connection/ConnectionString", "Server=db;User Id=sa;Pwd=x"),
    ("Anything", KEY_ID),
    ("Anything", SECRET_KEY),
    ("Anything", JWT),
    ("Anything", PEM),
    ("Name", "ghp_" + "a1B2c3D4e5" * 4),
    ("Tags/0/Value", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"),
    ("Environment/Variables/DB_PASSWORD", "orders"),
    ("Environment/Variables/STRIPE", "whatever-word"),
    ("Environment/Variables/API_KEY", "orders-prod"),
    ("Environment/Variables/GREETING", "the quick brown fox"),
    ("Environment/Variables/TABLE", KEY_ID),
    ("containerDefinitions/0/environment/0/value", "croak"),
    ("Value", base64.urlsafe_b64encode(random.Random(3).randbytes(48)).decode()),
    ("Value", random.Random(4).randbytes(32).hex()),
    ("Value", base64.b64encode(random.Random(5).randbytes(48)).decode()),
]

PARTS = [
    ("Message", "login with password=hunter2 failed", "hunter2"),
    ("Message", '{"user": "bob", "password": "hunter2"}', "hunter2"),
    ("Message", f"using key {KEY_ID} and {SECRET_KEY} now", SECRET_KEY),
    ("Message", f"using key {KEY_ID} now", KEY_ID),
    ("Message", f"Authorization: Bearer {JWT}", JWT),
    ("Message", "connecting to postgres://app:s3cr3tpass@db.example.com:5432/orders", "s3cr3tpass"),
    ("Message", "GET https://x.example.com/o?X-Foo-Signature=abcdef0123456789 200", "abcdef0123456789"),
    ("Description", f"backup key:\n{PEM}\nkeep safe", "MIIEpAIBAAKCAQEA7"),
    ("Url", "https://alice:opensesame@git.example.com/repo.git", "opensesame"),
    ("Url", "https://hooks.example.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXXXXXXXXXX"),
    ("Url", "https://bucket.example.com/o?sig=abc123&se=2030", "abc123"),
    ("Body", json.dumps({"a": {"b": [{"client_secret": "open"}]}}), '"open"'),
    ("Body", json.dumps({"a": json.dumps({"password": "deep-down"})}), "deep-down"),
    ("Message", 'export OUR_SECRET="x7Kp2Qm9Vt4Zr8Lw1Nb6"', "x7Kp2Qm9Vt4Zr8Lw1Nb6"),
    ("events/0/message", "PASSWORD: 'correct horse battery' was refused", "horse"),
    ("events/0/message", 'loaded {"password": "two words", "user": "app"} from file', "two words"),
    ("events/0/message", "the password is Tr0ub4dor&3, try it", "Tr0ub4dor&3"),
    ("events/0/message", "running curl -s -u admin:hunter2 https://api.example.com", "hunter2"),
    ("containerDefinitions/0/command/2", "exec mysql -u root -pS3cretPass orders", "S3cretPass"),
    ("containerDefinitions/0/command/2", "exec sshpass -p hunter2 ssh host", "hunter2"),
    ("events/0/message", "Set-Cookie: session=0123456789abcdef0123; Path=/", "0123456789abcdef0123"),
]


@pytest.mark.parametrize(("path", "value"), SURVIVE)
def test_what_decides_faults_survives(path: str, value: str) -> None:
    assert REDACTOR.hide(path, value) == value


@pytest.mark.parametrize(("path", "value"), HIDDEN)
def test_secrets_become_placeholders(path: str, value: str) -> None:
    hidden = REDACTOR.hide(path, value)
    assert PLACEHOLDER.search(hidden)
    assert value not in hidden


@pytest.mark.parametrize(("path", "text", "secret"), PARTS)
def test_text_loses_only_its_secrets(path: str, text: str, secret: str) -> None:
    hidden = REDACTOR.hide(path, text)
    assert secret not in hidden
    assert PLACEHOLDER.search(hidden)
    assert hidden[:3] == text[:3]


@pytest.mark.parametrize("value", ["/hostedzone/4REEYY0J79UXO57FZA494L", "/change/C2682N5HXP0BZ4", "/healthcheck/7X2Q9ZK1M3N4P5R6T8V0W"])
def test_ids_that_say_what_they_are_of_survive_in_text_too(value: str) -> None:
    text = json.dumps({"a": {"Id": value}, "b": 1})
    assert REDACTOR.scrub(text) == text


def test_a_placeholder_says_length_and_equality_and_nothing_else() -> None:
    one, two = REDACTOR.hide("Password", "hunter2"), REDACTOR.hide("Password", "hunter3")
    assert one != two
    assert one == REDACTOR.hide("OtherPassword", "hunter2")
    assert one != Redactor(b"another investigation").hide("Password", "hunter2")
    assert REDACTOR.same(one, "hunter2")
    assert not REDACTOR.same(two, "hunter2")
    assert REDACTOR.same("a", "a")
    assert "7" in one
    assert REDACTOR.hide("Password", one) == one


def test_of_a_shape_nothing_is_seen() -> None:
    assert PLACEHOLDER.fullmatch(REDACTOR.shape("Name", "orders"))
    assert REDACTOR.shape("Name", "") == ""


ALPHABET = string.ascii_letters + string.digits


@pytest.mark.parametrize("path", ["Value", "Description", "Environment/Variables/NAME", "Tags/0/Value", "Message"])
@pytest.mark.parametrize("alphabet", [ALPHABET, ALPHABET + "-_", ALPHABET + "+/", string.ascii_lowercase + string.digits])
def test_random_tokens_do_not_pass(alphabet: str, path: str) -> None:
    dice = random.Random(4711)
    tokens = ["".join(dice.choices(alphabet, k=length)) for length in range(32, 80) for _ in range(10)]
    passed = [token for token in tokens if token in REDACTOR.hide(path, token) or token in REDACTOR.hide(path, f"words before {token} and after")]
    assert len(passed) <= 0.01 * len(tokens), passed


SECRET_NAMES = ["password", "Secret", "api_key", "dbPassword", "AUTH_TOKEN", "privateKey", "client-secret"]
WORDS = "orders images resize prod eu west queue function table stack worker api v2 2026 export data".split()


@given(st.sampled_from(SECRET_NAMES), st.text(min_size=1, max_size=60))
def test_nothing_under_a_secret_key_is_shown(key: str, value: str) -> None:
    hidden = REDACTOR.hide(f"Items/0/{key}", value)
    switches = {"true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled"}
    assert hidden != value or value.lower() in switches or PLACEHOLDER.fullmatch(value)


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_survived_and_hiding_twice_changes_nothing(value: str, path: str) -> None:
    once = REDACTOR.hide(path, value)
    assert REDACTOR.hide(path, once) == once


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
def test_names_made_of_words_survive(words: list[str]) -> None:
    for glue in "-_/.":
        assert REDACTOR.hide("Items/0/Name", glue.join(words)) == glue.join(words)
        assert REDACTOR.hide("Value", glue.join(words)) == glue.join(words)
    together = "".join(word.title() for word in words if len(word) > 3)
    assert REDACTOR.hide("Value", together) == together


@given(st.uuids())
def test_identifiers_survive(identifier: uuid.UUID) -> None:
    for text in (str(identifier), f"task/{identifier}", f"sg-{identifier.hex[:17]}"):
        assert REDACTOR.hide("Value", text) == text


@pytest.mark.parametrize(
    "piece",
    ["curl ", "mysql -", "password ", "token:", 'cookie: "', "a://", "eyJ", "-eyJ", "aA1", "://a:", "{", "Basic ", "-----BEGIN A PRIVATE KEY-----"],
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    REDACTOR.hide("events/0/message", "x " + piece * (250_000 // len(piece)))
    assert time.process_time() - began < 5
