"""What left this machine is told from the record, and records can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from nephoscope.conducting import recorded
from nephoscope.interfaces import UsageError
from nephoscope.leaving import leavings, purge
from nephoscope.models import Call, Identity, Tier, Usage
from nephoscope.permitting import Permits
from nephoscope.settings import Settings
from nephoscope.store import Answered, Ledger, Position, Sent
from nephoscope.store.run import ModelCall, RunStore, new_run

ASKED = ModelCall(request="0" * 64, role="planner", prompt="plan", model="far:big", usage=Usage(input=700))
WHO = Identity(cloud="sky", account="a-1", principal="ana", regions=("r-1",))


def run_of(home: Path, operations: Sequence[str], models: int = 0) -> str:
    """A record of calls, each asked twice and answered from memory the second time."""
    run_dir = new_run(home)
    with closing(RunStore(run_dir)) as store:
        store.put_all({"words": "it rains", "started_at": "2026-11-22T10:00:00Z", "scopes": [{"cloud": "sky"}]})
        for _ in range(models):
            number = store.model_sent(ASKED, "the question")
            store.model_ended(number, ASKED, {"text": "hm"})
    with closing(Ledger(run_dir)) as ledger:
        position = Position(step=1, attempt=1, script_hash="0")
        for number, name in enumerate(operations):
            call = Call(identity=WHO, region="r-1", service="ponds", operation=name, params={"n": str(number)}, id=f"s1.c{2 * number}")
            sent = Sent(call, position, 1, Tier.CONFIG, permission=f"p.{name}", at=f"2026-11-22T10:0{number}:00Z")
            ledger.sent(sent)
            ledger.answered(Answered(call.id, 200))
            again = call.model_copy(update={"id": f"s1.c{2 * number + 1}"})
            ledger.served(Sent(again, position, 2, Tier.CONFIG, permission=f"p.{name}"), Answered(again.id, 200, cached_from=call.id))
        ledger.sent_again("s1.c0")
    return run_dir.name


def test_calls_that_left_are_told_with_retries_and_without_memory(tmp_path: Path) -> None:
    name = run_of(tmp_path, ["ListPonds", "ListPonds", "GetPond"], models=2)
    told = [(one.to, one.place, one.what, one.kind, one.count, one.tokens) for one in leavings(tmp_path, name)]
    assert told == [
        ("cloud", "ponds in r-1", "ponds:ListPonds", "config", 3, 0),
        ("cloud", "ponds in r-1", "ponds:GetPond", "config", 1, 0),
        ("model", "far:big", "plan", "planner", 2, 1400),
    ]
    first = leavings(tmp_path, name)[0]
    assert (first.account, first.first, first.last) == ("a-1", "2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z")


def test_a_record_is_taken_away_whole(tmp_path: Path) -> None:
    gone, kept = run_of(tmp_path, ["ListPonds"]), run_of(tmp_path, ["ListPonds"])
    assert purge(tmp_path, [gone, gone.removeprefix("r-")]) == [gone]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [kept]


def test_nothing_is_taken_away_when_one_of_them_runs_or_is_unknown(tmp_path: Path) -> None:
    names = [run_of(tmp_path, ["ListPonds"]) for _ in range(2)]
    with pytest.raises(UsageError, match="no investigation here"):
        purge(tmp_path, [names[0], "r-zzzzzzz"])
    with recorded(tmp_path / "runs" / names[1]), pytest.raises(UsageError, match="is already running"):
        purge(tmp_path, names)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(names)


def test_what_one_run_needs_and_another_does_not(tmp_path: Path) -> None:
    names = run_of(tmp_path, ["ListPonds", "GetPond"]), run_of(tmp_path, ["GetPond", "GetFish"])
    (found,) = Permits(Settings(home=tmp_path), {}).difference(*names)
    assert (found.only_first, found.only_second, found.both) == (("p.ListPonds",), ("p.GetFish",), ("p.GetPond",))
