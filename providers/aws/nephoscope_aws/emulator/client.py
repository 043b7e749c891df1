"""The emulator as the rest of Nephoscope leases it: a child process that ends with its owner."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.interfaces.errors import EndpointError
from nephoscope.models import Json, Sample, Scope
from nephoscope.testing.front import CONTROL

_STOP_SECONDS = 3.0


class AwsEmulator:
    """Implements :class:`nephoscope.interfaces.Emulator`. One instance, one child, one seed at a time."""

    cloud = "aws"

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._endpoint = ""
        self._region = "eu-west-1"
        self.made: dict[str, list[str]] = {}
        """Identifiers of what the seed's named steps made."""

    def start(self, seed: Mapping[str, Json]) -> str:
        """Start and seed; ``seed`` holds ``steps``, ``front``, ``region``, ``account`` and ``vars``, all of them optional."""
        self.stop()
        self._region = str(seed.get("region") or self._region)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and "proxy" not in name.lower()}
        self._child = subprocess.Popen(
            [sys.executable, "-m", "nephoscope_aws.emulator", "--child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self._endpoint = self._greet(self._child, seed)
        return self._endpoint

    def reset(self) -> None:
        """Back to the seed; the log is empty again."""
        self._control("reset", b"")

    def stop(self) -> None:
        child, self._child, self._endpoint = self._child, None, ""
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def scope(self) -> Scope:
        return Scope(cloud=self.cloud, options={"endpoint_url": self._endpoint, "region": self._region})

    def log(self) -> Sequence[Mapping[str, Any]]:
        """Every request since the seeding: ``operation``, ``mutating``, and whether it ``reached`` the emulated cloud."""
        document: Sequence[Mapping[str, Any]] = json.loads(self._control("log", None))
        return document

    def rules(self, front: Mapping[str, Json]) -> None:
        """Replace the front's rules; references are not resolved here."""
        self._control("rules", json.dumps(front).encode())

    def samples(self, operations: Sequence[str]) -> Mapping[str, Sample | None]:
        """Made-up replies, by the service models of the SDK; the work is done in the child."""
        told = json.loads(self._control("samples", json.dumps(list(operations)).encode()))
        return {name: None if sample is None else Sample.model_validate(sample) for name, sample in told.items()}

    def play(self, samples: Sequence[Sample]) -> None:
        """The pages that are asked for by a token stand before those that are not: the first rule that fits answers."""
        pages = [(sample.operation, page) for sample in samples for page in sample.pages]
        pages.sort(key=lambda each: not each[1].params)
        self.rules({"answer": [{"operation": name, "params": dict(page.params), "document": page.document} for name, page in pages]})

    def _greet(self, child: subprocess.Popen[str], seed: Mapping[str, Json]) -> str:
        if child.stdin is None or child.stdout is None:
            raise EndpointError("the emulator has no pipes")
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(json.dumps(seed, default=str) + "\n")
            child.stdin.flush()
        line = child.stdout.readline()
        greeting: dict[str, Any] = json.loads(line) if line.startswith("{") else {"error": "it ended before it answered"}
        if "endpoint" not in greeting:
            self.stop()
            raise EndpointError(f"the emulator did not start: {greeting['error']}", "pip install 'nephoscope-aws[emulator]'")
        self.made = {str(name): list(map(str, ids)) for name, ids in greeting.get("made", {}).items()}
        return str(greeting["endpoint"])

    def _control(self, name: str, body: bytes | None) -> bytes:
        if not self._endpoint:
            raise EndpointError("the emulator is not running", "start it first")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self._endpoint}{CONTROL}{name}", data=body, timeout=60) as reply:
            return bytes(reply.read())
