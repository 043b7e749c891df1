"""What isolation costs: the same three-call script behind the boundary and as ``python script.py``, taking turns on the same machine.

    python bench/sandbox.py [--rounds N] [--executor NAME] [--json]

Absolute times say something about this machine and its load; the ratios are what is promised: a warm isolated run at least five times faster than a
plain interpreter. Also measured in the same run: the boundary's own CPU per cached call, and how many of 64 identical calls at once go upstream.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import Opening
from nephoscope.models import Budget, ExecutionResult, Limits
from nephoscope.store import BlobStore
from nephoscope_aws.emulator import AwsEmulator

THREE_CALLS = """\
import boto3
ec2 = boto3.client("ec2")
print(len(ec2.describe_vpcs()["Vpcs"]), len(ec2.describe_subnets()["Subnets"]), len(ec2.describe_security_groups()["SecurityGroups"]))
"""
UNCACHED = THREE_CALLS.replace("()[", "(Filters=[{{'Name': 'tag:n', 'Values': ['{number}']}}])[")
EMPTY = "pass\n"
CACHED_CALLS = 300
MANY_CACHED = f"import boto3\nec2 = boto3.client('ec2')\nfor _ in range({CACHED_CALLS}):\n    ec2.describe_vpcs()\n"
AT_ONCE = 64
TOGETHER = f"""\
import boto3, threading
from concurrent.futures import ThreadPoolExecutor
from botocore.config import Config
ec2 = boto3.client("ec2", config=Config(max_pool_connections={AT_ONCE}))
ready = threading.Barrier({AT_ONCE})
def ask(_):
    ready.wait(30)
    return len(ec2.describe_vpcs(Filters=[{{"Name": "tag:together", "Values": ["now"]}}])["Vpcs"])
with ThreadPoolExecutor({AT_ONCE}) as pool:
    print(len(list(pool.map(ask, range({AT_ONCE})))))
"""


class Bench:
    """An emulated account, and one investigation of it behind the real boundary."""

    def __init__(self, folder: Path, executor: str) -> None:
        self._emulator = AwsEmulator()
        self._endpoint = self._emulator.start({})
        self._sent = 0
        self._step = 0
        self._folder = folder
        self._boundary = Boundary.start(on_event=self._heard)
        limits = Limits(processes=2 * AT_ONCE)
        budget = Budget(steps=10_000, seconds=3600, calls=100_000)
        opening = Opening(run_dir=str(folder / "run"), scopes=(self._emulator.scope(),), executor=executor, demo=True, budget=budget, limits=limits)
        self.lease = self._boundary.open(opening)

    def isolated(self, source: str) -> tuple[float, ExecutionResult]:
        """Wall seconds from the request to the result, as the engine sees it."""
        self._step += 1
        name = BlobStore(self._folder / "run" / "blobs").put(source.encode())
        begun = time.perf_counter()
        result = self._boundary.execute(self._step, 1, name, "template:bench")
        seconds = time.perf_counter() - begun
        if result.status != "ok":
            raise SystemExit(f"the script did not run: {result}")
        return seconds, result

    def plain(self, source: str) -> float:
        """The same script by the same interpreter, straight to the same emulator, nothing in between."""
        script = self._folder / "script.py"
        script.write_text(source)
        variables = {
            "AWS_ENDPOINT_URL": self._endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "PATH": os.environ["PATH"],
        }  # fmt: skip
        begun = time.perf_counter()
        subprocess.run([sys.executable, str(script)], env=variables, check=True, capture_output=True)
        return time.perf_counter() - begun

    def sent(self, source: str) -> int:
        """How many calls of a script went upstream."""
        before = self._sent
        self.isolated(source)
        return self._sent - before

    def boundary_cpu(self, source: str) -> float:
        """CPU seconds of the boundary process alone while the script runs."""
        before = self._cpu()
        self.isolated(source)
        return self._cpu() - before

    def close(self) -> None:
        self._boundary.close()
        self._emulator.stop()

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self._boundary.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _heard(self, event: Mapping[str, Any]) -> None:
        self._sent += event.get("phase") == "sent"


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Everything, the competing ways taking turns."""
    for _ in range(5):  # the warm interpreter still reads models while nobody waits
        bench.isolated(THREE_CALLS)
        time.sleep(1)
    bench.plain(THREE_CALLS)
    ways: dict[str, list[float]] = {"plain": [], "isolated": [], "isolated, uncached": [], "isolated, empty": []}
    for number in range(rounds):
        ways["plain"].append(bench.plain(THREE_CALLS))
        ways["isolated"].append(bench.isolated(THREE_CALLS)[0])
        ways["isolated, uncached"].append(bench.isolated(UNCACHED.format(number=number))[0])
        ways["isolated, empty"].append(bench.isolated(EMPTY)[0])
    middle = {name: statistics.median(seconds) for name, seconds in ways.items()}
    idle = statistics.median(bench.boundary_cpu(EMPTY) for _ in range(5))
    busy = statistics.median(bench.boundary_cpu(MANY_CACHED) for _ in range(3))
    return {
        "isolation": bench.lease.isolation,
        "median_ms": {name: round(1000 * seconds, 1) for name, seconds in middle.items()},
        "fastest_ms": {name: round(1000 * min(seconds), 1) for name, seconds in ways.items()},
        "times_faster": round(middle["plain"] / middle["isolated"], 1),
        "times_faster_uncached": round(middle["plain"] / middle["isolated, uncached"], 1),
        "broker_cpu_ms_per_cached_call": round(1000 * (busy - idle) / CACHED_CALLS, 2),
        "upstream_of_64_identical": bench.sent(TOGETHER),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--executor", default="auto")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.executor)
        try:
            found = measure(bench, arguments.rounds)
        finally:
            bench.close()
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
