"""The emulator as the rest of Nephoscope leases it: a child process that ends with its owner."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.interfaces.errors import EndpointError
from nephoscope.models import Json, Sample, Scope
from nephoscope.testing.front import CONTROL
from nephoscope_aws.emulator.children import Child, forked

_STOP_SECONDS = 3.0


class AwsEmulator:
    """Implements :class:`nephoscope.interfaces.Emulator`. One instance, one child, one seed at a time."""

    cloud = "aws"

    def __init__(self) -> None:
        self._child: Child | None = None
        self._endpoint = ""
        self._region = "eu-west-1"
        self.made: dict[str, list[str]] = {}
        """Identifiers of what the seed's named steps made."""

    def start(self, seed: Mapping[str, Json]) -> str:
        """Start and seed; ``seed`` holds ``steps``, ``front``, ``region``, ``account`` and ``vars``, all of them optional."""
        self.stop()
        self._region = str(seed.get("region") or self._region)
        self._child = forked("emulator")
        self._endpoint = self._greet(self._child, seed)
        return self._endpoint

    def reset(self) -> None:
        """Back to the seed; the log is empty again."""
        self._control("reset", b"")

    def stop(self) -> None:
        child, self._child, self._endpoint = self._child, None, ""
        if child is None:
            return
        child.end(_STOP_SECONDS)

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

    def _greet(self, child: Child, seed: Mapping[str, Json]) -> str:
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
