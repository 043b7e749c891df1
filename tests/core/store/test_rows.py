"""A run directory as rows: what is new of it, and made again from them; the common tables are those of a run, with one column more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import Address, Stopped, StoreLost, UsageError
from nephoscope.models import Usage
from nephoscope.store import Ledger
from nephoscope.store.file import FileStore
from nephoscope.store.records import KEYS
from nephoscope.store.rows import TABLES, Changes, Content, restore
from nephoscope.store.run import LOCK, ModelCall, RunStore, locked
from nephoscope.store.shared import SharedRun, is_whole, turn_of
from nephoscope.store.team import Team


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "here" / "r-1"
    folder.mkdir(parents=True)
    with closing(RunStore(folder)) as store:
        store.put("words", "it hurts")
        store.event("t", "note", {"a": 1})
        store.model_ended(
            store.model_sent(ModelCall("0" * 64, "planner", "p", "a:m", Usage()), "{}"), ModelCall("0" * 64, "", "", "", Usage()), {"text": "x"}
        )
    Ledger(folder).close()
    (folder / "report.json").write_text("{}")
    return folder


def team(tmp_path: Path, who: str) -> Team:
    return Team(FileStore().open(Address(f"sqlite://{tmp_path}/team.db")), who)


def columns(path: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def test_common_tables_are_those_of_a_run_with_one_column_more(run_dir: Path, tmp_path: Path) -> None:
    team(tmp_path, "ann").database.close()
    assert set(KEYS) == set(TABLES)
    for name, (file, table) in TABLES.items():
        assert columns(tmp_path / "team.db", name) == columns(run_dir / file, table) | {"run"}, name


def test_only_what_is_new_is_told(run_dir: Path) -> None:
    changes = Changes(run_dir)
    first = changes.new()
    assert [row["key"] for row in first.tables["run_meta"]] == ["words"]
    assert first.documents == {"report.json": "{}"}
    assert changes.new() == first, "what was not said to be kept is new again"
    changes.kept(first)
    assert not changes.new()
    with closing(RunStore(run_dir)) as store:
        store.put("words", "it still hurts")
        store.blobs.put(b"more")
    second = changes.new()
    assert (set(second.tables), len(second.blobs), second.documents) == ({"run_meta"}, 1, {})


def test_a_directory_is_made_of_rows_again(run_dir: Path, tmp_path: Path) -> None:
    there = tmp_path / "there" / "r-1"
    there.mkdir(parents=True)
    (there / "left over").touch()
    content = Changes(run_dir).new()
    with locked(there):
        restore(content, there)
        with pytest.raises(UsageError, match="running"), locked(there):
            pass
    assert not (there / "left over").exists()
    assert Changes(there).new() == content
    assert (there / LOCK).exists()
    damaged = Content(content.tables, {**content.blobs, "0" * 64: b"other"}, content.documents)
    with pytest.raises(UsageError, match="damaged"):
        restore(damaged, there)
    assert Changes(there).new() == content, "what was there is there"
    assert [path.name for path in there.parent.iterdir()] == ["r-1"]


def test_whoever_comes_back_after_another_had_a_turn_changes_nothing(run_dir: Path, tmp_path: Path) -> None:
    ann, bob = team(tmp_path, "ann"), team(tmp_path, "bob")
    mine = SharedRun(ann.records, "r-1", run_dir)
    assert mine.begin()
    there = tmp_path / "there" / "r-1"
    yours = SharedRun(bob.records, "r-1", there)
    assert not yours.begin(), "ann has it"
    ann.records.let_go("r-1")  # as when her connection was gone for a while
    assert yours.begin()
    with closing(RunStore(run_dir)) as store:
        store.put("words", "late")
    with pytest.raises(Stopped):
        mine.told()
    with closing(RunStore(there)) as store:
        assert store.get("words") == "it hurts"
        store.put("words", "mine now")
    assert yours.end()
    assert (turn_of(run_dir), turn_of(there), is_whole(run_dir), is_whole(there)) == (1, 2, False, True)
    assert not SharedRun(ann.records, "r-1", run_dir).catch_up(), "what was done late is of a turn that is over"
    assert SharedRun(ann.records, "r-1", run_dir).bring()
    with closing(RunStore(run_dir)) as store:
        assert store.get("words") == "mine now"
    assert not SharedRun(ann.records, "r-1", run_dir).bring()


def test_a_copy_of_what_goes_on_is_not_taken_for_its_end(run_dir: Path, tmp_path: Path) -> None:
    ann, bob = team(tmp_path, "ann"), team(tmp_path, "bob")
    mine, there = SharedRun(ann.records, "r-1", run_dir), tmp_path / "there" / "r-1"
    assert mine.begin()
    assert SharedRun(bob.records, "r-1", there).bring()
    assert not SharedRun(bob.records, "r-1", there).bring(), "nothing is new"
    with closing(RunStore(run_dir)) as store:
        store.put("words", "the end")
    assert mine.end()
    assert SharedRun(bob.records, "r-1", there).bring()
    with closing(RunStore(there)) as store:
        assert store.get("words") == "the end"
    assert not SharedRun(ann.records, "r-1", run_dir).bring(), "it was done here"


def test_what_could_not_be_told_is_told_later(run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = team(tmp_path, "ann")
    run = SharedRun(ann.records, "r-1", run_dir, lambda _: "a summary")
    assert run.begin()
    with closing(RunStore(run_dir)) as store:
        store.put("words", "the end")

    def gone(*_: Any, **__: Any) -> bool:
        raise StoreLost("gone")

    with monkeypatch.context() as broken:
        broken.setattr(ann.database, "write", gone)
        assert not run.end()
    ann.database.close()
    again = team(tmp_path, "ann")
    assert not is_whole(run_dir)
    assert SharedRun(again.records, "r-1", run_dir, lambda _: "the last").catch_up()
    assert is_whole(run_dir)
    found = again.records.get("r-1")
    assert {row["key"]: row["value"] for row in found.tables["run_meta"]} == {"words": '"the end"'}
    assert again.records.listed()[0].summary == "the last"
