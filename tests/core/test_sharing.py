"""Runs of a team over a shared database: listed, brought here, gone on with by one; what cannot be told is not paid for."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from nephoscope.interfaces import Stopped, StoreLost, UsageError
from nephoscope.models import Usage
from nephoscope.plugin.manager import load_plugins
from nephoscope.settings import Settings
from nephoscope.settings.shared import SharedStore
from nephoscope.sharing import Sharing, opened
from nephoscope.store.file import FileDatabase
from nephoscope.store.run import ModelCall, RunStore, new_run

PLUGINS = load_plugins(allowed=[])


def settings(tmp_path: Path, who: str, url: str = "") -> Settings:
    return Settings(home=tmp_path / who, store=SharedStore(url=SecretStr(url or f"sqlite://{tmp_path}/team.db"), owner=who))


def begun(who: Settings, words: str) -> str:
    folder = new_run(who.home)
    with Sharing(who, PLUGINS).recorded(folder) as store:
        store.put_all({"words": words, "started_at": "2026-11-29T10:00:00.000Z"})
    return folder.name


def test_everybody_sees_what_anybody_began(tmp_path: Path) -> None:
    ann, bob = settings(tmp_path, "ann"), settings(tmp_path, "bob")
    run = begun(ann, "it hurts")
    [seen] = Sharing(bob, PLUGINS).runs()
    assert (seen.id, seen.problem, seen.status, seen.owner, seen.mine) == (run, "it hurts", "interrupted", "ann", False)
    assert Sharing(ann, PLUGINS).runs()[0].mine
    assert not bob.home.exists()
    assert Sharing(bob, PLUGINS).at_hand(run[:4]) == run
    with closing(RunStore(bob.home / "runs" / run, readonly=True)) as copy:
        assert copy.get("words") == "it hurts"
    for wrong in ("r-", "zzz"):
        begun(ann, "again")
        with pytest.raises(UsageError):
            Sharing(bob, PLUGINS).at_hand(wrong)


def test_one_machine_at_a_time(tmp_path: Path) -> None:
    ann, bob = settings(tmp_path, "ann"), settings(tmp_path, "bob")
    run = begun(ann, "it hurts")
    Sharing(bob, PLUGINS).at_hand(run)
    with Sharing(bob, PLUGINS).recorded(bob.home / "runs" / run) as store:
        store.put("words", "it hurts bob")
        assert store.checkpointer is not None
        assert Sharing(ann, PLUGINS).runs()[0].status == "running"
        with pytest.raises(UsageError, match="ann began it"), Sharing(ann, PLUGINS).recorded(ann.home / "runs" / run):
            pass
        with pytest.raises(UsageError, match="running"):
            Sharing(ann, PLUGINS).purge([run], lambda _: [])
    with Sharing(ann, PLUGINS).recorded(ann.home / "runs" / run) as again:
        assert again.get("words") == "it hurts bob", "what bob did is here before it goes on"
    assert Sharing(ann, PLUGINS).purge([run], lambda here: here) == [run]
    assert [one.id for one in Sharing(bob, PLUGINS).runs()] == [run], "bob's copy is bob's"


def test_what_cannot_be_told_is_not_paid_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    ann = settings(tmp_path, "ann")
    folder = new_run(ann.home)
    call = ModelCall("0" * 64, "planner", "p", "a:m", Usage(), usd=0.1)

    def gone(*_: Any, **__: Any) -> bool:
        raise StoreLost("the database does not answer any more")

    with Sharing(ann, PLUGINS).recorded(folder) as store:
        store.put("words", "it hurts")
        number = store.model_sent(call, "{}")
        with opened(ann, PLUGINS) as team:
            assert team
            assert team.database.rows("SELECT usd, error FROM run_model_calls") == [{"usd": 0.1, "error": "sent"}], "it is told before it leaves"
        store.model_ended(number, call, {"text": "x"})
        with monkeypatch.context() as broken:
            broken.setattr(FileDatabase, "write", gone)
            with pytest.raises(Stopped):
                store.model_sent(call, "{}")
        monkeypatch.setattr(FileDatabase, "write", gone)
    assert "is kept here" in caplog.text
    monkeypatch.undo()
    Sharing(ann, PLUGINS).runs()
    with opened(ann, PLUGINS) as team:
        assert team
        assert len(team.records.get(folder.name).tables["run_model_calls"]) == 2, "the next command tells it"


@pytest.mark.parametrize("url", ["mysql://x/y", "team", "postgresqlx://u:s3cret@h/d"])
def test_a_store_that_nobody_brings_is_said(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        Sharing(settings(tmp_path, "ann", url), PLUGINS).runs()
    assert "nephoscope[postgres]" in raised.value.hint
    assert "s3cret" not in raised.value.message + raised.value.hint


def test_without_a_shared_database_it_is_this_machine_alone(tmp_path: Path) -> None:
    alone = Settings(home=tmp_path)
    run = begun(alone, "it hurts")
    [seen] = Sharing(alone, PLUGINS).runs()
    assert (seen.id, seen.owner, seen.mine) == (run, "", True)
    assert Sharing(alone, PLUGINS).at_hand(run[:5]) == run
    assert not (tmp_path / "runs" / run / "shared.json").exists()
    assert Sharing(alone, PLUGINS).purge(["x"], lambda ids: ids) == ["x"]
