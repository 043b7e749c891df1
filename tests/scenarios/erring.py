"""A model that errs as models do, over faults that nothing written down knows: the cases, and the play that goes wrong in every way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nephoscope.testing.llm_server import Asked, Reply

Line = Callable[[Asked], Reply]
SECRETS = ("Tr0ub4dor-and-3-horses", "ghp_abcdefghijklmnopqrstuvwxyz0123456789")
IDENTIFIERS = ("123456789012", "shop-site.com", "reports-archive-eu", "ann@corp")


@dataclass(frozen=True)
class Case:
    """A fault, the read that shows it, and what its reply says. Texts in ``<>`` are looked up in the prompt by that pattern's only group."""

    words: str
    operation: str
    params: Mapping[str, Any]
    path: str
    value: Any
    resource: str
    write: str
    before: str = ""
    """A read without parameters that names what the other needs."""
    condition: str = "equals"
    wrong: Any = "something else"

    @property
    def service(self) -> str:
        return self.operation.partition(":")[0]

    @property
    def named(self) -> str:
        """What the words call by name."""
        match = re.search(r"[\w.]*\w-[\w.-]+|sessions", self.words)
        assert match
        return match[0]

    @property
    def cause(self) -> str:
        return f"aws.{self.service}.nobody-wrote-it-down"


CASES = {
    "record": Case(
        words="www.shop-site.com still opens the old site and not new-front.shop-site.com",
        before="route53:ListHostedZones",
        operation="route53:ListResourceRecordSets",
        params={"HostedZoneId": r"</hostedzone/(\w{10,})>"},
        path="ResourceRecordSets[?Type=='CNAME'] | [0].ResourceRecords[0].Value",
        condition="not_equals",
        value=r"<old site and not ([\w.-]+)>",
        wrong=r"<\"text\": \"([\w.-]+) still>",
        resource=r"<\"text\": \"([\w.-]+) still>",
        write="route53:DeleteHostedZone",
    ),
    "database": Case(
        words="the database orders-db ran out of disk at night, it should have grown by itself",
        operation="rds:DescribeDBInstances",
        params={"DBInstanceIdentifier": "orders-db"},
        path="DBInstances[0].AllocatedStorage",
        value=20,
        wrong=200,
        resource="orders-db",
        write="rds:ModifyDBInstance",
    ),
    "table": Case(
        words="items of the table sessions vanish soon after they were put",
        operation="dynamodb:DescribeTimeToLive",
        params={"TableName": "sessions"},
        path="TimeToLiveDescription.AttributeName",
        value="created_at",
        wrong="expires_at",
        resource="sessions",
        write="dynamodb:DeleteTable",
    ),
}


def found(value: Any, text: str) -> Any:
    """A value with what is to be looked up in the prompt."""
    if isinstance(value, Mapping):
        return {key: found(member, text) for key, member in value.items()}
    if isinstance(value, str) and value.startswith("<"):
        match = re.search(value[1:-1], text.replace("\\/", "/"))
        return match[1] if match else "nothing-of-that-kind"
    return value


def document_of(asked: Asked, operation: str) -> str:
    """The id of the fact that is the whole reply of an operation, as the prompt shows it."""
    match = re.search(rf'{{"subject": "{operation}\([^\n]*?\["(f:[0-9a-f]+)", "document"', asked.text)
    return match[1] if match else "f:none"


class Errs:
    """Makes every mistake once, in the order in which a run meets them, and is right in the end."""

    def __init__(self, case: Case, *, short: bool = False) -> None:
        self.case = case
        self.told: list[str] = []
        self.roles = {"planner": self._right() if short else self._plan(), "generator": [self._bad_script], "repairer": [self._good_script]}
        self.said = dict.fromkeys(self.roles, 0)

    def __call__(self, asked: Asked) -> Reply:
        role = "planner" if "You plan the troubleshooting" in asked.text else "repairer" if "Mend the script" in asked.text else "generator"
        if role == "planner":
            self.told.append(asked.text)
        lines = self.roles[role]
        if not asked.partial or "cannot be used" in asked.last:  # the rest of a reply that was cut off is no line of its own
            self.said[role] += 1
        return lines[min(self.said[role], len(lines)) - 1](asked)

    def _plan(self) -> list[Line]:
        case = self.case
        return [
            lambda asked: Reply(text='{"decision": "checks", "checks": [{"id": "x", "reads": [{"ser'),  # malformed
            lambda asked: self._conclusion("f:0123456789ab", case.value, asked, resource=case.named),  # premature, on what nobody recorded
            lambda asked: self._read(case.operation, {"NoSuchParameter": "x"}, asked),
            lambda asked: self._read(case.write, {}, asked),  # a write
            *([lambda asked: self._read(case.before, {}, asked)] if case.before else []),
            lambda asked: self._read(case.operation, {**case.params, **_invented(case.params)}, asked),
            lambda asked: self._read(case.operation, case.params, asked, cut=70),  # cut off
            lambda asked: self._read(case.operation, case.params, asked),  # once more the same
            lambda asked: _checks([{"id": "by-script", "intent": f"what else bears on this: {case.words[:60]}", "script": True}]),
            lambda asked: self._conclusion(document_of(asked, case.operation), case.wrong, asked, opposite=case.condition != "equals"),
            lambda asked: self._conclusion(document_of(asked, case.operation), case.value, asked, resource="arn:aws:iam::900000000001:role/ghost"),
            lambda asked: self._conclusion(document_of(asked, case.operation), case.value, asked),
        ]

    def _right(self) -> list[Line]:
        case = self.case
        return [
            *([lambda asked: self._read(case.before, {}, asked)] if case.before else []),
            lambda asked: self._read(case.operation, case.params, asked),
            lambda asked: self._conclusion(document_of(asked, case.operation), case.value, asked),
        ]

    def _read(self, operation: str, params: Mapping[str, Any], asked: Asked, **more: Any) -> Reply:
        service, _, name = operation.partition(":")
        read = {"service": service, "operation": name, "params": found(params, asked.text)}
        return _checks([{"id": name, "intent": f"what {name} shows", "reads": [read]}], **more)

    def _conclusion(self, fact: str, value: Any, asked: Asked, *, resource: str = "", opposite: bool = False) -> Reply:
        case = self.case
        condition = "equals" if opposite else case.condition
        claim = {
            "cause": case.cause,
            "title": "It is set so that this cannot work",
            "resources": [resource or found(case.resource, asked.text)],
            "predicates": [{"fact": fact, "path": case.path, "is_": condition, "value": found(value, asked.text)}],
            "explanation": "The setting that was read is the reason for what was seen.",
            "advice": f"Change that setting with `{case.write}`.",
        }
        return Reply(value={"decision": "conclusion", "hypotheses": [], "conclusion": {"stop": "decided", "claims": [claim]}})

    def _bad_script(self, asked: Asked) -> Reply:
        service, _, write = self.case.write.partition(":")
        return Reply(
            text=f"```python\nimport requests\nimport boto3\n\nc = boto3.client({service!r})\nc.{_snake(write)}()\nprint(requests.get('http://x'))\n```"
        )

    def _good_script(self, asked: Asked) -> Reply:
        return Reply(text=GOOD_SCRIPT)


GOOD_SCRIPT = """```python
import boto3
from botocore.exceptions import ClientError

sns = boto3.client("sns", region_name="eu-west-1")
try:
    for page in sns.get_paginator("list_subscriptions").paginate():
        print(len(page["Subscriptions"]))
except ClientError as error:
    print(error)
```"""


def _checks(checks: list[dict[str, Any]], **more: Any) -> Reply:
    return Reply(value={"decision": "checks", "hypotheses": [], "checks": checks}, **more)


def _invented(params: Mapping[str, Any]) -> dict[str, Any]:
    name, value = next(iter(params.items()))
    invented = "arn:aws:iam::900000000001:role/ghost"
    return {name: [invented] if isinstance(value, list) else invented}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def leaked(bodies: bytes) -> list[str]:
    """Secrets and real identifiers in what was sent."""
    text = bodies.decode("utf-8", "replace")
    return [word for word in (*SECRETS, *IDENTIFIERS) if word in text or json.dumps(word)[1:-1] in text]
