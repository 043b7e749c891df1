"""Cells of a comparison that several machines work on: who does which, what they spent, and their records."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nephoscope.store.run import LOST_USD, RESPONSE_CACHE
from nephoscope.store.shared import SharedRun
from nephoscope.store.team import Team


@dataclass
class Shelf:
    """Pickled, it is the way there, with nothing that is held. ``homes``: where the runs of cells are kept here."""

    team: Team
    comparison: str
    homes: Path
    _ours: dict[str, SharedRun] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_ours": {}}

    def claim(self, key: str) -> bool:
        """Whether a cell is ours to do; then what anybody did of it is here. What is done is nobody's to do."""
        if key in self._ours:
            return True
        run = self._run(key)
        if not run.begin():
            return False
        if self.team.cells(self.comparison).has(key):
            run.end()
            return False
        self._ours[key] = run
        return True

    def told(self, key: str) -> None:
        """What is new of a cell's record is in the database when this returns."""
        if run := self._ours.get(key):
            run.told()

    def leave(self, key: str) -> None:
        """All of a cell is told, and it is free, or done."""
        if run := self._ours.pop(key, None):
            self.team.records.reserve(self._name(key), 0.0)
            run.end()

    def reserve(self, key: str, usd: float) -> None:
        """What a cell of ours may spend."""
        self.team.records.reserve(self._name(key), usd)

    def committed(self, ours: Iterable[str]) -> float:
        """Dollars that the cells of others cost, or may cost yet."""
        return self.team.records.committed(f"{self.comparison}/", [self._name(key) for key in ours], RESPONSE_CACHE, LOST_USD)

    def alone(self) -> AbstractContextManager[None]:
        """While this lasts nobody else sets dollars aside."""
        return self.team.records.alone(f"{self.comparison}/")

    def taken(self, keys: Collection[str]) -> dict[str, str]:
        """Those of the cells that somebody does now, and on which machine."""
        wanted = {self._name(key): key for key in keys}
        return {wanted[one.id]: one.host for one in self.team.records.listed(f"{self.comparison}/") if one.running and one.id in wanted}

    def bring(self, keys: Iterable[str]) -> None:
        """The records of cells that others did, to look at."""
        for key in keys:
            if key not in self._ours:
                self._run(key).bring()

    def clear(self) -> None:
        """Begin anew. Raises ``UsageError`` while somebody is at it."""
        self.team.records.remove([one.id for one in self.team.records.listed(f"{self.comparison}/")])
        self.team.cells(self.comparison).forget()

    def _run(self, key: str) -> SharedRun:
        return SharedRun(self.team.records, self._name(key), self._folder(key), binding=True)

    def _folder(self, key: str) -> Path:
        return self.homes / key / "runs" / f"r-{key}"

    def _name(self, key: str) -> str:
        return f"{self.comparison}/{key}"
