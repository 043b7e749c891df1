"""Starts the local Brook in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from nephoscope.models import Json, Scope


class BrookEmulator:
    """Implements :class:`nephoscope.interfaces.Emulator`. Seed: ``{"ponds": {name: settings}, "gates": {name: settings}}``."""

    cloud = "brook"

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._seed: Mapping[str, Json] = {}
        self._endpoint = ""

    def start(self, seed: Mapping[str, Json]) -> str:
        """Start, seed, and return the endpoint."""
        self.stop()
        self._seed = seed
        command = [sys.executable, "-m", "nephoscope_brook.server", json.dumps(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._endpoint = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"
        return self._endpoint

    def reset(self) -> None:
        """Begin again with the same seed."""
        self.start(self._seed)

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    stream.close()
            self._process = None

    def scope(self) -> Scope:
        """The scope that points at it."""
        return Scope(cloud=self.cloud, options={"endpoint_url": self._endpoint})
