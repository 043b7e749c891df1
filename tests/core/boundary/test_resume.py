"""Whatever kills the boundary, an answered call is never asked again."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_cloud import Brook

from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import Opening
from nephoscope.interfaces import BoundaryGone
from nephoscope.models import ExecutionResult, Read, Tier
from nephoscope.store import LedgerReader

Start = Callable[..., Boundary]
Store = Callable[[str], str]
CALLS = 10


def answered(opening: Opening) -> set[str]:
    """Questions with a recorded answer, as the paths the server sees."""
    reader = LedgerReader(Path(opening.run_dir))
    paths = {f"GET /v1/frogs?n={entry.call.params['n']}" for entry in reader.replies(1)}
    reader.close()
    return paths


def run_or_die(boundary: Boundary, script: str) -> ExecutionResult | None:
    try:
        return boundary.execute(1, 1, script, "template:test")
    except BoundaryGone:
        return None


class Killer:
    """Kills the boundary some time after it has sent so many calls."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._left = calls
        self._seconds = seconds
        self.boundary: Boundary | None = None

    def __call__(self, event: Any) -> None:
        self._left -= event.get("phase") == "sent"
        if self._left == 0 and self.boundary is not None:
            time.sleep(self._seconds)
            self.boundary._process.kill()


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_at_random_moments_repeats_no_answered_call(start: Start, opening: Opening, store_script: Store, brook: Brook, seed: int) -> None:
    script = store_script(f"for n in range({CALLS}): print(get(f'frogs?n={{n}}'))")
    moments = random.Random(seed)
    brook.delay = 0.03
    kept: set[str] = set()
    result = None
    kills = 0
    for _ in range(30):
        killer = Killer(moments.randint(1, 4), moments.uniform(0, 0.08))
        killer.boundary = boundary = start(on_event=killer)
        boundary.open(opening)
        before = Counter(brook.seen)
        result = run_or_die(boundary, script)
        boundary.kill()
        time.sleep(0.1)  # a request on its way still arrives
        again = Counter(brook.seen) - before
        assert not kept & set(again), "asked again though it was answered"
        kept = answered(opening)
        if result is not None:
            break
        kills += 1
    assert result is not None
    assert kills
    assert result.calls == tuple(f"s1.c{n}" for n in range(1, CALLS + 1))
    assert len(kept) == CALLS
    spent = LedgerReader(Path(opening.run_dir)).spent()
    assert spent.upstream >= len(brook.seen), "what was sent and never answered counts as spent"


def test_kill_9_before_and_after_every_write(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    script = store_script("print(get('frogs?n=1')); print(get('keys/k1'))")
    for moment in range(12):
        brook.seen.clear()
        fresh = opening.model_copy(update={"run_dir": f"{opening.run_dir}-{moment}"})
        shutil.copytree(opening.run_dir, fresh.run_dir)
        dying = start("--die-at", str(moment))
        dying.open(fresh)
        died = run_or_die(dying, script) is None
        dying.kill()
        kept, asked = answered(fresh), len(brook.seen)
        boundary = start()
        boundary.open(fresh)
        result = run_or_die(boundary, script)
        assert result is not None
        assert result.calls == ("s1.c1",)
        assert len(brook.seen) == asked + (not kept), "sent again exactly when no answer was recorded"
        reader = LedgerReader(Path(fresh.run_dir))
        assert [entry.call.id for entry in reader.replies()] == ["s1.c1"]
        assert [refusal.code for refusal in reader.refused()] == ["forbidden"]
        assert reader.spent().upstream >= len(brook.seen)
        if not died:
            break
        boundary.kill()
    assert moment == 8, "three writes for an answered call, one for a refused one, each survived on both sides"


def test_a_rerun_gets_the_same_errors_in_the_same_order(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    brook.trouble["/v1/frogs"] = [(404, {"code": "NotYet"}), (403, {"code": "Denied"})]
    script = store_script("for _ in range(3): print(get('frogs'))")
    boundary = start()
    boundary.open(opening)
    first = boundary.execute(1, 1, script, "template:test")
    seen = len(brook.seen)
    again = boundary.execute(1, 1, script, "template:test")
    boundary.close()
    third = start()
    third.open(opening)
    after = third.execute(1, 1, script, "template:test")
    assert first.output == again.output == after.output
    assert first.calls == again.calls == after.calls
    assert len(brook.seen) == seen
    assert third.execute(1, 2, script, "template:test").calls == ("s1.c4", "s1.c5", "s1.c6"), "another attempt asks anew and counts on"


def test_listings_are_not_repeated_after_a_restart(start: Start, opening: Opening, brook: Brook) -> None:
    read = [Read(cloud="brook", service="ponds", operation="List")]
    boundary = start()
    boundary.open(opening)
    ids = boundary.inventory(read)
    boundary._process.kill()
    again = start()
    again.open(opening)
    assert again.inventory(read) == ids
    assert len(brook.seen) == 3
    assert again.spent().upstream == 3


def test_a_refusal_that_a_rerun_lifts_is_gone(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    script = store_script("print(get('frogs')); print(get('fish/f1'))")
    boundary = start()
    boundary.open(opening)
    boundary.execute(1, 1, script, "template:test")
    boundary.execute(1, 1, script, "template:test")
    reader = LedgerReader(Path(opening.run_dir))
    assert [refusal.code for refusal in reader.refused()] == ["not_granted"]
    boundary.close()
    granted = start()
    granted.open(opening.model_copy(update={"grants": (Tier.DATA,), "allow": ("f1",)}))
    granted.execute(1, 1, script, "template:test")
    assert reader.refused() == []
    assert brook.seen.count("GET /v1/frogs") == 1


def test_a_killed_engine_takes_the_boundary_and_its_script_along(start: Start, opening: Opening, store_script: Store) -> None:
    script = store_script("import time\nopen('/proc/self/comm', 'w').write('sleepyscript')\ntime.sleep(60)")
    boundary = start()
    boundary.open(opening)
    threading.Thread(target=lambda: run_or_die(boundary, script), daemon=True).start()
    assert eventually(lambda: running("sleepyscript"))
    boundary._hang_up()
    assert eventually(lambda: boundary._process.poll() is not None)
    assert eventually(lambda: not running("sleepyscript"))


def running(name: str) -> bool:
    def comm(entry: Path) -> str:
        try:
            return (entry / "comm").read_text().strip()
        except OSError:
            return ""

    return any(comm(entry) == name for entry in Path("/proc").iterdir() if entry.name.isdigit())


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
