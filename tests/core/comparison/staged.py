"""A stage for comparisons: accounts that are none, and investigations that ask a paid model and are right or not by its name.

Run as a program it goes through the matrix of the tests once, so that it can be killed.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from nephoscope.comparison.carrying import Carrier, Open
from nephoscope.comparison.cell import Cell, Contestant, Plan
from nephoscope.comparison.running import Runner
from nephoscope.comparison.scenario import Scenario
from nephoscope.comparison.store import opened
from nephoscope.interfaces import Emulator
from nephoscope.models import Budget, Json, Scope, Usage
from nephoscope.models.report import Report
from nephoscope.settings import Settings
from nephoscope.store import canonical
from nephoscope.store.run import ModelCall, RunStore

TRUTH = {"verdict": "confirmed", "causes": ["brook.ponds.dry"]}


def scenarios(number: int) -> list[Scenario]:
    variants = {"fault": {"truth": TRUTH}, "twin": {"truth": {"verdict": "no_fault_found"}}}
    rows = [{"id": f"s{one}", "family": "water", "text": "dry", "tags": ["small"], "variants": variants} for one in range(number)]
    return [Scenario.model_validate(row) for row in rows]


class Account:
    """Nothing is started."""

    cloud = "brook"

    def start(self, seed: Mapping[str, Json]) -> str:
        assert isinstance(seed["random"], int)
        return ""

    def reset(self) -> None: ...
    def stop(self) -> None: ...

    def scope(self) -> Scope:
        return Scope(cloud="brook")


def emulators() -> dict[str, Emulator]:
    return {"brook": Account()}


class Pretend:
    """Asks three times what costs ``usd``, recorded as the real engine records it; ``log`` is what the provider would bill."""

    def __init__(self, log: Path, usd: float = 0.001, seconds: float = 0.0) -> None:
        self._log, self._usd, self._seconds = log, usd, seconds

    def paid(self) -> list[str]:
        return self._log.read_text().split() if self._log.exists() else []

    def __call__(self, settings: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell, *, opened: Open) -> Report:
        run_dir.mkdir(parents=True, exist_ok=True)
        record = opened(run_dir)
        record.write_off()
        try:
            for number in range(3 if cell.contestant.model else 0):
                self._ask(record, f"{cell.key}.{number}")
        finally:
            record.close()
        good = cell.contestant.model != "a:bad"
        causes = [{"id": "brook.ponds.dry", "title": "t", "explanation": "e", "decided_by": "x"}] if good and cell.variant == "fault" else []
        verdict = ("confirmed" if causes else "no_fault_found") if good else "inconclusive"
        base = {"id": run_dir.name, "problem": words, "started_at": "t", "status": "concluded", "verdict": verdict, "root_causes": causes}
        report = Report.model_validate(base)
        (run_dir / "report.json").write_text(report.model_dump_json(by_alias=True))
        return report

    def _ask(self, record: RunStore, name: str) -> None:
        document = canonical({"turns": [{"role": "user", "text": name}]})
        request = hashlib.sha256(document.encode()).hexdigest()
        if record.model_reply(request) is not None:
            return
        call = ModelCall(request, "planner", "p", "a:m", Usage(input=100, output=10), usd=self._usd)
        number = record.model_sent(call, document)
        time.sleep(self._seconds)
        with self._log.open("a") as file:
            file.write(f"{name}\n")
        record.model_ended(number, call, {"text": "x", "finish": "stop"})


def main(folder: Path) -> None:
    """The matrix of the tests."""
    who = (Contestant(model="a:good", planner="llm"), Contestant(model="a:bad", planner="llm"), Contestant(planner="playbook"))
    plan = Plan(suite="all", contestants=who, scenarios=tuple(scenarios(6)))
    with opened(folder / "c") as store:
        store.begin(plan)
        (folder / "begun").touch()
        runner = Runner(store, plan, Settings(budget=Budget(usd=1.0)), Carrier(emulators(), Pretend(folder / "paid", seconds=0.02)))
        for _ in runner.run():
            pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
