"""Rates: published ones are used up and not passed, by one process or several; who was throttled goes slower, and recovers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.boundary.broker.limiter import Limiter
from nephoscope.models import Call, Identity, Rate
from nephoscope.store.machine import FILE, RECOVERY_SECONDS, SLOWEST, Machine

CALL = Call(identity=Identity(cloud="brook", account="1", principal="p", regions=("r",)), region="r", service="ponds", operation="List")
RATE = Rate(bucket="List", per_second=20.0, burst=10.0, source="a test")
TAKER = """
import sys, time
from pathlib import Path
from nephoscope.store.machine import Machine
machine = Machine(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    time.sleep(machine.take("k", 40.0, 10.0))
    print(time.monotonic(), flush=True)
"""


class Server:
    """What a cloud does: a bucket that refuses."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._rate, self._burst = per_second, burst
        self._tokens, self._updated = burst, 0.0
        self.throttled = 0

    def arrive(self, moment: float) -> None:
        self._tokens = min(self._burst, self._tokens + (moment - (self._updated or moment)) * self._rate)
        self._updated = moment
        if self._tokens >= 1:
            self._tokens -= 1
        else:
            self.throttled += 1


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.sampled_from([(1.0, 1.0), (2.0, 2.0), (5.0, 5.0), (10.0, 40.0), (20.0, 100.0), (100.0, 100.0)]),
    st.lists(st.floats(0, 0.1), min_size=20, max_size=60),
)
def test_nobody_is_throttled_and_little_is_left_unused(published: tuple[float, float], jitter: list[float]) -> None:
    """In time of its own: as many calls as make the bucket run dry, each arriving a little late."""
    rate = Rate(bucket="b", per_second=published[0], burst=published[1], source="")
    clock, server = Clock(), Server(*published)
    machine = Machine(None, clock)
    count = int(rate.burst + rate.per_second * 5)
    arrivals = []
    for number in range(count):
        from nephoscope.boundary.broker.limiter import _burst, _pace

        wait = machine.take("k", _pace(rate), _burst(rate))
        clock.now += wait
        arrivals.append(clock.now + jitter[number % len(jitter)])
    for moment in sorted(arrivals):
        server.arrive(moment)
    ideal = (count - rate.burst) / rate.per_second
    assert server.throttled == 0
    assert arrivals[-1] - 1000.0 <= 1.3 * ideal + 0.3


def test_two_processes_share_one_budget(tmp_path: Path) -> None:
    takers = [subprocess.Popen([sys.executable, "-c", TAKER, str(tmp_path), "30"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    moments = sorted(float(line) for taker in takers for line in taker.communicate(timeout=60)[0].splitlines())
    assert len(moments) == 60
    server = Server(44.0, 14.0)
    for moment in moments:
        server.arrive(moment)
    assert server.throttled == 0, "together they stay below the one rate"
    assert moments[-1] - moments[0] >= (60 - 10) / 40.0 * 0.9


def test_who_was_throttled_goes_slower_and_recovers() -> None:
    clock = Clock()
    machine = Machine(None, clock)
    before = [machine.take("k", 10.0, 5.0) for _ in range(20)][-1]
    for _ in range(60):
        machine.slow("k", 5.0)
    assert machine.take("k", 10.0, 5.0) > before
    clock.now += 60
    waits = [machine.take("k", 10.0, 5.0) for _ in range(3)]
    assert all(wait < 1 / (10.0 * SLOWEST) for wait in waits)
    clock.now += RECOVERY_SECONDS
    assert machine.take("k", 10.0, 5.0) == 0.0


def test_a_clock_that_begins_anew_and_a_damaged_file_stop_nobody(tmp_path: Path) -> None:
    clock = Clock()
    machine = Machine(tmp_path, clock)
    for _ in range(30):
        machine.take("k", 1.0, 1.0)
    machine.close()
    early = Clock()
    early.now = 5.0
    assert Machine(tmp_path, early).take("k", 1.0, 1.0) == 0.0
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    assert Machine(tmp_path).take("k", 1.0, 1.0) == 0.0
    assert Machine(tmp_path / "nowhere").take("k", 1.0, 1.0) == 0.0


@pytest.mark.parametrize(("unlimited", "least"), [(False, 0.4), (True, 0.0)])
def test_calls_wait_in_line(unlimited: bool, least: float) -> None:
    limiter = Limiter(unlimited=unlimited)

    async def many() -> float:
        begun = time.monotonic()
        await asyncio.gather(*(limiter.take(CALL, RATE) for _ in range(20)))
        return time.monotonic() - begun

    took = asyncio.run(many())
    limiter.close()
    assert least <= took < least + 5
    if unlimited:
        assert took < 0.4
