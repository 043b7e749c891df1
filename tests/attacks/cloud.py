"""The cloud under attack: started, seeded, listed and overheard by the tests, with nothing of Nephoscope in between."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config

ACCOUNT, REGION = "123456789012", "eu-west-1"
READS = re.compile(r"(?:Describe|List|Get|BatchGet|Lookup|Search|Filter|Head|Simulate|Query|Scan)")
"""An independent reading of names: one that does not begin like this is taken for a change."""
GIVES_SECRETS = re.compile(
    r"GetSecretValue|BatchGetSecretValue|GetSessionToken|GetFederationToken|GetPasswordData|GetAuthorizationToken|GetDownloadUrl"
    r"|GetParametersForImport|GetRandomPassword|GetCredentials|GetRoleCredentials|GetIdToken|GetClusterCredentials"
)
UNSTABLE = frozenset(("ResponseMetadata", "RequestId", "HostId", "LatestRestorableTime"))
"""Differs between two listings of an account that nobody touched."""


class Cloud:
    """A running server. ``client`` speaks to it as its owner."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and "proxy" not in name.lower()}
        environment |= {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_EC2_METADATA_DISABLED": "true"}
        self._child = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip
        assert self._child.stdout is not None
        self.port = int(self._child.stdout.readline())
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def stop(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            self._child.wait(10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def reset(self) -> None:
        """An empty account, an empty log."""
        self._direct.open(f"{self.endpoint}/moto-api/reset", data=b"").read()
        self.forget()

    def forget(self) -> None:
        self._direct.open(f"{self.endpoint}/__clear").read()

    def log(self) -> list[dict[str, Any]]:
        return json.loads(self._direct.open(f"{self.endpoint}/__log").read())

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION) -> Any:
        config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
        session = boto3.Session(aws_access_key_id="owner", aws_secret_access_key="owner", region_name=region)
        client = session.client(service, endpoint_url=self.endpoint, config=config)
        if account != ACCOUNT:
            client.meta.events.register("before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", account))
        return client

    def state(self, listers: Mapping[str, Callable[[Callable[[str], Any]], Any]]) -> dict[str, str]:
        """What every lister sees, as text that can be compared."""
        return {name: json.dumps(_plain(lister(self.client)), sort_keys=True, default=str) for name, lister in listers.items()}


def operation(request: Mapping[str, Any]) -> str:
    """What a logged request asks for: an operation's name, or for REST services method and path."""
    target = request["headers"].get("x-amz-target")
    if target:
        return str(target).rpartition(".")[2]
    action = parse_qs(request["body"]).get("Action") or parse_qs(request["query"]).get("Action")
    return action[0] if action else f"{request['method']} {request['path']}?{request['query']}"


def changes(request: Mapping[str, Any]) -> bool:
    """Whether a logged request could have changed something, by a reading that shares nothing with the broker's."""
    name = operation(request)
    return not (READS.match(name) or name.startswith(("GET /", "HEAD /")))


def secret(request: Mapping[str, Any]) -> bool:
    """Whether a logged request asks for a secret."""
    return bool(GIVES_SECRETS.match(operation(request))) or '"WithDecryption": true' in request["body"]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in UNSTABLE}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
