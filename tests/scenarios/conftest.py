"""The real command on the real emulator, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from nephoscope_aws.emulator import AwsEmulator
from nephoscope_aws.emulator.__main__ import seed_of

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "plugins/suite-aws/nephoscope_suite_aws/scenarios"
COMMAND = (str(Path(sys.executable).with_name("nephoscope")),)
_TEMPLATE = re.compile(r"\{[a-z_]+\}")
_HIDDEN = re.compile(r"(‹redacted:string:\d+:)[0-9a-f]+›")
_KEEP = ("PATH", "PYTHONPATH", "SSL_CERT_FILE")


@dataclass
class Account:
    """An emulated account, as one variant of a scenario seeds it."""

    endpoint: str
    words: str

    def control(self, name: str, rules: Mapping[str, Any] | None = None) -> Any:
        """Talk to the front: ``log``, ``rules``, ``clear``, ``reset``."""
        data = None if rules is None else json.dumps(rules).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.endpoint}/__front__/{name}", data=data)) as answer:
            return json.load(answer)

    def upstream(self) -> list[str]:
        """Operations that reached the front since its rules were set, in order."""
        return [row["operation"] for row in self.control("log")]

    def client(self, service: str) -> Any:
        """An SDK client that may change the account."""
        import boto3

        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="eu-west-1", **keys)


def essence(document: Mapping[str, Any]) -> dict[str, Any]:
    """What two runs of one investigation must agree on: not ids, times and digests."""
    named = {fact["id"]: f"{fact['subject']} {fact['attribute']}" for fact in document["facts"]}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            kept = {key: plain(member) for key, member in value.items() if key not in ("evidence", "calls")}
            return {**kept, **({"evidence": sorted(named[one] for one in value["evidence"])} if "evidence" in value else {})}
        if isinstance(value, list):
            return [plain(member) for member in value]
        return _HIDDEN.sub(r"\1›", value) if isinstance(value, str) else value

    keys = ("status", "verdict", "root_causes", "ruled_out", "observations", "gaps", "also_noticed", "recommendations")
    facts = sorted(json.dumps([fact["subject"], fact["attribute"], plain(fact["value"])], sort_keys=True) for fact in document["facts"])
    return {**{key: plain(document[key]) for key in keys}, "facts": facts}


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What ``--json`` printed: one document and nothing else."""
        found: dict[str, Any] = json.loads(self.out)
        told = [row for key in ("root_causes", "ruled_out", "also_noticed", "recommendations") for row in found.get(key, ())]
        unfilled = [row for row in told if _TEMPLATE.search(f"{row.get('title')} {row.get('risk')}")]
        assert not unfilled, unfilled
        return found

    @property
    def essence(self) -> dict[str, Any]:
        """What must not depend on interruptions."""
        return essence(self.document)


@dataclass
class Terminal:
    """The command with a home of its own and an environment without anything of ours."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    command: Sequence[str] = COMMAND

    def environment(self, **more: str) -> dict[str, str]:
        """What the command sees of the outside."""
        kept = {name: os.environ[name] for name in _KEEP if name in os.environ}
        usual = {
            "HOME": str(self.home.parent),
            "NEPHOSCOPE_HOME": str(self.home),
            "NEPHOSCOPE_PROVE": "false",
            "NEPHOSCOPE_MEMORY": "false",
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
        }
        return {**kept, **usual, "AWS_EC2_METADATA_DISABLED": "true", **self.env, **more}

    def start(self, *words: str, variables: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """The command, running."""
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "errors": "replace", **options}
        return subprocess.Popen([*self.command, *words], env=self.environment(**(variables or {})), **given)

    @staticmethod
    def ended(code: int, out: str | None, err: str | None) -> Result:
        """How a process that was started ended."""
        return Result(code, out or "", err or "")

    def run(self, *words: str, seconds: float = 90, variables: Mapping[str, str] | None = None, **options: Any) -> Result:
        """The command, ended."""
        typed = options.pop("typed", None)
        if typed is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, variables=variables, **options)
        try:
            out, err = process.communicate(typed, timeout=seconds)
        finally:
            process.kill()
        return self.ended(process.returncode, out, err)

    @property
    def runs(self) -> list[Path]:
        """Directories of the runs, oldest first."""
        return sorted((self.home / "runs").glob("r-*"), key=lambda path: path.stat().st_mtime)

    @property
    def run_dir(self) -> Path:
        """The directory of the only run."""
        (only,) = self.runs
        return only

    def answered(self) -> dict[str, int]:
        """Answered calls of the only run, and how often each was sent. Empty while it has no ledger."""
        return dict(self._ledger("SELECT call_id, sends FROM calls JOIN answers USING (call_id)"))

    def asked_twice(self) -> list[str]:
        """What the only run had answered by the cloud more than once."""
        real = "SELECT operation FROM calls JOIN answers USING (call_id) WHERE cached_from IS NULL AND status = 200"
        return [operation for (operation,) in self._ledger(f"{real} GROUP BY question HAVING count(*) > 1")]

    def _ledger(self, sql: str) -> list[Any]:
        path = self.run_dir / "ledger.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as ledger:
            try:
                return ledger.execute(sql).fetchall()
            except sqlite3.OperationalError:  # killed before its tables were made
                return []


@pytest.fixture(scope="session")
def emulate() -> Iterator[Callable[..., Account]]:
    """Start an emulator on a scenario. It ends with the session."""
    started: list[AwsEmulator] = []

    def start(scenario: str, variant: str = "fault") -> Account:
        path = next(SCENARIOS.rglob(f"{scenario}.yaml"))
        emulator = AwsEmulator()
        endpoint = emulator.start(seed_of(path, variant))
        started.append(emulator)
        return Account(endpoint, yaml.safe_load(path.read_text("utf-8"))["text"])

    yield start
    for emulator in started:
        emulator.stop()


@pytest.fixture(scope="session")
def shared_account(emulate: Callable[..., Account]) -> Account:
    """An account with one closed port. Whoever changes it or its rules puts them back."""
    return emulate("ec2-ssh-port-closed")


@pytest.fixture
def account(shared_account: Account) -> Iterator[Account]:
    """The shared account, its log empty before and its rules gone after."""
    shared_account.control("rules", {})
    yield shared_account
    shared_account.control("rules", {})


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Somebody who is logged in."""
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-west-1"}
    return Terminal(tmp_path / "home", keys)


@pytest.fixture
def investigate(terminal: Terminal, account: Account) -> Sequence[str]:
    """The words of an investigation of the shared account."""
    return ["investigate", account.words, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json"]
