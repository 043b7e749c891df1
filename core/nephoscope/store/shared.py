"""A run directory and its place in a shared database: the directory is worked in, and told there at the moments that count."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nephoscope.interfaces import Database, StoreLost
from nephoscope.store.mirrored import MirroredStore
from nephoscope.store.records import Entry, Records
from nephoscope.store.rows import Changes, Content, restore

FILE = "shared.json"
_Summarize = Callable[[Path], str | None]


class SharedRun:
    """One run that we may hold. Thread-safe. ``summarize``: what is listed of a run, from its directory.

    ``binding``: what was shared and is there no more is not gone on with, but begun anew.
    """

    def __init__(self, records: Records, run: str, folder: Path, summarize: _Summarize = lambda _: None, *, binding: bool = False) -> None:
        self._binding = binding
        self._records = records
        self._run = run
        self._folder = folder
        self._summarize = summarize
        self._lock = threading.RLock()
        self._changes: Changes | None = None
        self._turn = 0
        self._entry: Entry | None = None

    def begin(self, *, reserved: float = 0.0) -> bool:
        """Whether it is ours to go on with; then the directory holds all that anybody did, and others find it running."""
        if not self._records.hold(self._run):
            return False
        try:
            before = self._records.find(self._run)
            if before is None and self._binding and turn_of(self._folder):
                shutil.rmtree(self._folder)
            self._bring(before)
            if before:  # ahead of the database, so that a kill between them leaves what is here in force
                _note(self._folder, replace(before, turn=before.turn + 1), whole=False)
            entry = self._records.begin(self._run, reserved=reserved)
            self._turn, self._entry, self._changes = entry.turn, entry, Changes(self._folder)
            _note(self._folder, entry, whole=False)
            self.told()
        except BaseException:
            self._records.let_go(self._run)
            raise
        return True

    def bring(self) -> bool:
        """What somebody else did since we had it, in the place of what is here; whether there was any."""
        return self._bring(self._records.find(self._run))

    def _bring(self, entry: Entry | None) -> bool:
        if entry is None or is_current(self._folder, entry):
            return False
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        restore(self._records.get(self._run), self._folder)
        _note(self._folder, entry, whole=True, copied=entry.changed_at)
        return True

    def told(self) -> None:
        """What is new is in the database when this returns. Raises ``StoreLost``, and ``Stopped`` when somebody else has gone on with it."""
        with self._lock:
            if self._changes is None:
                return
            new = self._changes.new()
            if new:
                self._records.put(self._run, self._turn, new, self._summarize(self._folder))
                self._changes.kept(new)

    def end(self) -> bool:
        """All of it is told, if the database answers, and somebody else may go on with it; whether it is."""
        with self._lock:
            try:
                self.told()
                self._records.put(self._run, self._turn, Content(), self._summarize(self._folder))
                if self._entry:
                    _note(self._folder, self._entry, whole=True)
                self._records.let_go(self._run)
            except StoreLost:
                return False
            finally:
                self._changes = None
        return True

    def catch_up(self) -> bool:
        """Tell what a former process could not tell any more, unless somebody else has gone on with it. Whether it is all there now."""
        if is_whole(self._folder) or not self._records.hold(self._run):
            return is_whole(self._folder)
        try:
            entry = self._records.find(self._run)
            if entry is None or not is_current(self._folder, entry) or entry.turn != turn_of(self._folder):
                return False
            changes = Changes(self._folder)
            self._records.put(self._run, entry.turn, changes.new(), self._summarize(self._folder))
            _note(self._folder, entry, whole=True)
        finally:
            self._records.let_go(self._run)
        return True


class SharedStore(MirroredStore):
    """The record of a run in its directory, told to a shared database around each paid request and ahead of each checkpoint, which is there too.

    ``told`` may raise ``Stopped``: then nothing is paid for.
    """

    def __init__(self, run_dir: Path, run: SharedRun, database: Database, told: Callable[[], None]) -> None:
        super().__init__(run_dir, told)
        self.checkpointer = lambda: database.checkpointer(run.told)
        self.database = database


def turn_of(folder: Path) -> int:
    """Which turn a directory is of; 0: it was never shared, or is not there."""
    turn = _noted(folder).get("turn")
    return turn if isinstance(turn, int) else 0


def is_current(folder: Path, entry: Entry) -> bool:
    """Whether a directory holds all that the database has: what was done in it, or a copy of what is there now."""
    noted = _noted(folder)
    turn, copied = turn_of(folder), noted.get("copied", "")
    if noted.get("begun") != entry.begun:
        return False
    return turn > entry.turn or (turn == entry.turn and copied in ("", entry.changed_at))


def is_whole(folder: Path) -> bool:
    """Whether all that a directory holds was told, or nothing is to be."""
    return bool(_noted(folder).get("whole", True))


def _noted(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(folder: Path, entry: Entry, *, whole: bool, copied: str = "") -> None:
    """``copied``: of which moment it is, where somebody else did it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f".{FILE}.new"
    fresh.write_text(json.dumps({"begun": entry.begun, "turn": entry.turn, "whole": whole, "copied": copied}), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(folder / FILE)
