"""Secrets in containers, in context, and in the looks of well-known vendors: every way of writing them is hidden."""

from __future__ import annotations

import base64
import gzip
import json
import zlib

import pytest

from nephoscope.boundary.broker.redaction import PACKED, PLACEHOLDER, Redactor, hidden_in

REDACTOR = Redactor(b"key of one investigation")
PASSWORD = "Winter2026!"
DOCUMENT = json.dumps({"user": "app", "password": PASSWORD})
SCRIPT = f"#!/bin/bash\nset -e\nexport DB_PASSWORD={PASSWORD}\necho done\n"
LOG = "events/0/message"


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Made of pieces, so that no scanner of this repository takes them for real.
VENDORS = {
    "access key": "AKIA" + "4QZ7XWN2LKVB9RTC",
    "session": "IQoJb3JpZ2luX2Vj" + "EJr9Kx2Vt7LmBn4wXz8Ys6Pc1Jd0Hf5",
    "app token": "xapp-" + "1-A0123-456-abcdef0123456789",
    "bot token": "xoxb-" + "123456789012-1234567890123-AbCdEfGhIjKlMnOp",
    "chat bot": "123456789:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    "forge": "ghp_" + "Zk4Tq8Wn2Xv6Rm9Lb3Ys7Pc5Jd1Hf0Gt2Kw",
    "forge fine": "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789",
    "forge other": "glpat-" + "Zk4Tq8Wn2Xv6Rm9Lb3Ys",
    "payment": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "payment hook": "whsec_" + "4eC39HqLyjWDarjtT1zdp7dc1234abcd",
    "shop": "shpat_" + "0123456789abcdef0123456789abcdef",
    "mail": "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "mail other": "key-" + "0123456789abcdef0123456789abcdef",
    "telephone": "SK" + "0123456789abcdef0123456789abcdef",
    "model": "sk-ant-" + "api03-abcdEFGH1234ijklMNOP5678-xyz",
    "model hub": "hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "search": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "oauth secret": "GOCSPX-" + "abcdefghijklmnopqrstuvwxyz12",
    "package": "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "package other": "pypi-" + "AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAw",
    "cluster": "dapi" + "0123456789abcdef0123456789abcdef",
    "vault": "hvs." + "CAESIabcdefghijklmnopqrstuvwxyz0123456789",
    "infrastructure": "abcdefghij1234" + ".atlasv1." + "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklm",
    "tracker": "ATATT3x" + "FfGF0abcdefghijklmnopqrstuvwxyz0123456789",
    "registry": "dckr_pat_" + "abcdefghijklmnopqrstuvwxyz0",
    "charts": "glsa_" + "abcdefghijklmnopqrstuvwxyz012345_01234567",
    "droplets": "dop_v1_" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "directory": "abc8Q~" + "abcdefghijklmnopqrstuvwxyz01234",
    "encryption": "AGE-SECRET-KEY-1" + "QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2",
    "password hash": "$2b$12$" + "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    "web token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJhbmEifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "key body": "MIIEowIBAAKCAQEA" + "q7Zt3Kx9Vn2Lw5Rm8Qb4Ys6Pc1Jd",
    "hook": "https://discord.example.com/api/webhooks/" + "123456789012345678/abcdefGHIJKLmnopQRSTuvwx0123456789-_abcdef",
}
IN_CONTEXT = [
    "password={}", "DB_PASS={}", "dbPassword: {}", "PASSWORD => '{}'", "password -> {}", "password := {}", ":password => '{}'", "pass word: {}",
    "passwort={}", "contraseña: {}", "mot_de_passe={}", "senha: {}", "пароль: {}", "パスワード：{}", "STRIPE_KEY={}", "login admin:{} ok",
    "tool --password {} --host x", "tool --api-key={}", "vault login --token {}", "PGPASSWORD={} psql -h x", "your temporary password is {}",
    "password {} rejected", "docker login -u x -p {} registry", "htpasswd -b file user {}", "net user admin {} /add", "echo 'ubuntu:{}' | chpasswd",
    "kubectl create secret generic x --from-literal=a={}", "ALTER USER app IDENTIFIED BY '{}'", "CREATE USER x WITH PASSWORD '{}'",
    'setPassword("{}")',
    "connect(user='x', passwd='{}')", "machine h login y password {}", "openssl enc -aes-256-cbc -pass pass:{} -in x", "Authorization: Token {}",
    "x-api-key: {}", "'authorization': 'Bearer {}'", "<config><password>{}</password></config>", "<add key='DbPassword' value='{}'/>",
    '<input type="password" value="{}">', "Resources:\n  Db:\n    Properties:\n      MasterUserPassword: {}\n",
    "Env:\n  - Name: API_TOKEN\n    Value: {}\n",
    "Parameters:\n  DbPassword:\n    Type: String\n    Default: {}\n", "Environment:\n  Variables:\n    GREETING: {}\n",
    "[client]\nuser=a\npassword = {}\n",
    "jdbc:sqlserver://h:1433;databaseName=x;user=sa;password={};", "jdbc:oracle:thin:scott/{}@//host:1521/x", "jdbc:mysql://h/x?user=a&password={}",
    "redis://:{}@h:6379/0", "mongodb+srv://app:{}@cluster.example.net/db", 'got body "{{\\"password\\":\\"{}\\"}}" from client',
    'got "{{\\\\\\"password\\\\\\":\\\\\\"{}\\\\\\"}}"', "db_pass {}", "MASTER_KEY {}", "using token {} now", "api key: {}",
    "<ike><pre_shared_key>{}</pre_shared_key></ike>",
    "pass\u200bword={}", "password＝{}", "p\\u0061ssword={}", "p&#97;ssword={}",
]  # fmt: skip
SURVIVE = [
    "compass: north", "mkdir -p /var/lib/mysql", "docker run -p 8080:80 web1", "the token expired at 2026-11-24T10:00:00Z", "--profile prod1234x",
    "make -parallel4 all", "image 123456789012.dkr.ecr.eu-west-1.example.com/prod-secret:v1.2.3 pulled", "bypass: enabled",
    "arn:cloud:sns:eu-west-1:123456789012:green-staging-pass:2de879ba-198a-0ed0-5e41-6e7752c5fc3f confirmed", "keys: partition, sort",
    "PARTITION_KEY=orderId", "ec2-user@web1 logged in", "S3 key incoming%2F2026%2Fone.json", "PASSWORD_POLICY_ENABLED: true",
    "Type: AWS::Serverless::Function\nHandler: app.main\nRuntime: python3.12", "Done with build2026!", "R&D2 team",
    "secret orders/db2 was rotated", "token endpoint https://login.example.com/v2/token", "the key incoming/2026/one.json is new",
    "partition key order2id",
    "master key alias/orders2 is enabled", "secret prod/db-7: version 3",
]  # fmt: skip


@pytest.mark.parametrize("template", IN_CONTEXT)
def test_a_password_is_hidden_wherever_the_text_says_that_it_is_one(template: str) -> None:
    hidden = REDACTOR.hide(LOG, template.format(PASSWORD))
    assert PASSWORD not in hidden
    assert PLACEHOLDER.search(hidden)


@pytest.mark.parametrize("text", SURVIVE)
def test_texts_that_only_look_alike_survive(text: str) -> None:
    assert REDACTOR.hide(LOG, text) == text


@pytest.mark.parametrize("name", VENDORS)
def test_tokens_of_well_known_vendors_are_hidden_anywhere(name: str) -> None:
    token = VENDORS[name]
    places = [
        (LOG, f"calling with {token} now"), (LOG, f"x:{token};"), ("Tags/0/Value", token), ("Environment/Variables/THING", token),
        ("Description", token),
        (LOG, json.dumps({"a": [{"b": token}]})), (LOG, "payload " + packed(f"cred {token} end")), ("Body", packed(json.dumps({"a": token}))),
    ]  # fmt: skip
    for path, text in places:
        hidden = REDACTOR.hide(path, text)
        assert token not in hidden, path
        assert packed(f"cred {token} end") not in hidden
        assert packed(json.dumps({"a": token})) not in hidden


WRAPPED = {
    "base64": packed(DOCUMENT),
    "base64 of base64": packed(packed(DOCUMENT)),
    "base64 for addresses": base64.urlsafe_b64encode(DOCUMENT.encode()).decode().rstrip("="),
    "compressed": base64.b64encode(gzip.compress(DOCUMENT.encode(), mtime=0)).decode(),
    "deflated": base64.b64encode(zlib.compress(DOCUMENT.encode())).decode(),
    "wide letters": base64.b64encode(DOCUMENT.encode("utf-16")).decode(),
    "hexadecimal": DOCUMENT.encode().hex(),
    "percent signs": "".join(f"%{byte:02X}" for byte in DOCUMENT.encode()),
    "a string in a string": json.dumps(json.dumps(DOCUMENT)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_what_is_wrapped_is_unwrapped_before_it_is_judged(name: str) -> None:
    text = WRAPPED[name]
    for path, whole in [(LOG, f"payload {text} received"), ("Body", text), ("Tags/0/Value", text), (LOG, json.dumps({"body": text}))]:
        hidden = REDACTOR.hide(path, whole)
        assert text not in hidden, path
        assert PASSWORD not in hidden
        assert hidden_in(hidden) or PASSWORD not in base64.b64decode(hidden + "==").decode("utf-8", "ignore")


@pytest.mark.parametrize("data", [SCRIPT.encode(), gzip.compress(SCRIPT.encode(), mtime=0)], ids=["plain", "compressed"])
@pytest.mark.parametrize("path", ["UserData/Value", "LaunchTemplateVersions/0/LaunchTemplateData/UserData", "LaunchConfigurations/0/UserData"])
def test_user_data_stays_base64_and_shows_nothing(data: bytes, path: str) -> None:
    hidden = REDACTOR.hide(path, base64.b64encode(data).decode())
    inside = base64.b64decode(hidden, validate=True).decode()
    assert PLACEHOLDER.fullmatch(inside)
    assert hidden.startswith(PACKED)
    assert hidden_in({"UserData": hidden})
    assert REDACTOR.hide(path, hidden) == hidden


def test_packed_text_without_secrets_is_left_as_it_is() -> None:
    for text in ("nothing to see here, move on", json.dumps({"table": "orders"})):
        assert REDACTOR.hide("Body", packed(text)) == packed(text)


def test_options_of_a_command_line_hide_what_follows_them() -> None:
    text = json.dumps({"command": ["serve", "--password", "orders", "--table", "orders", "-phunter2"]})
    assert json.loads(REDACTOR.hide("containerDefinitions/0", text))["command"][3:5] == ["--table", "orders"]
    assert "hunter2" not in REDACTOR.hide("x", text)
    assert json.loads(REDACTOR.hide("x", text))["command"][2] != "orders"


def test_pairs_inside_texts_go_by_their_names() -> None:
    text = json.dumps([{"name": "API_TOKEN", "value": "orders"}, {"name": "TABLE", "value": "orders"}])
    shown = json.loads(REDACTOR.hide("Body", text))
    assert PLACEHOLDER.fullmatch(shown[0]["value"])
    assert shown[1]["value"] == "orders"


def test_what_stays_is_known() -> None:
    """A word under a name that sounds of nothing, and what has no form and no name: SECURITY.md says so."""
    assert REDACTOR.hide("Environment/Variables/MODE", "hunter2") == "hunter2"
    assert "0123456789abcdef" * 2 in REDACTOR.hide(LOG, "calling with " + "0123456789abcdef" * 2)
