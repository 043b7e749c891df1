"""What all cells of a comparison share, wherever they run: the money, the rates of the models, recorded replies, the records of their runs."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from nephoscope.comparison.measure import Asking, spent
from nephoscope.comparison.shelf import Shelf
from nephoscope.interfaces import Stopped, StoreLost, UsageError
from nephoscope.llm.card import ModelCard
from nephoscope.llm.limiter import Limiter
from nephoscope.llm.request import Reply, Request
from nephoscope.llm.tape import Tape
from nephoscope.store.lock import hold
from nephoscope.store.mirrored import Copying, put
from nephoscope.store.run import FILE, RunStore

LOCK = "office.lock"
PATIENCE = 60.0
T = TypeVar("T")
"""Seconds to wait for the office of a process that was killed."""


@dataclass(frozen=True)
class Start:
    """Leave to begin a cell: dollars its run may spend, and which turn it is. What belongs to an earlier turn no longer counts."""

    turn: int
    usd: float

    @property
    def later(self) -> bool:
        """Not now: what is left is set aside for others, and some of it may come back."""
        return self.turn == 0

    @property
    def elsewhere(self) -> bool:
        """Not here: another machine does this cell now."""
        return self.turn < 0


@dataclass(frozen=True)
class Spending:
    """``usd`` was spent on models, ``lost`` perhaps besides, on requests a kill cut off. ``short``: the budget ended before the cells did."""

    usd: float
    lost: float
    short: bool


class Office:
    """One for a comparison; thread-safe. Pickled before it is first used, it goes on in another process of this machine.

    ``homes``: where the runs of cells are kept. ``budget``: dollars for all of them, ``most`` for one. ``spent``: of each cell, so far.
    ``shelf``: where cells are that other machines may do as well.
    """

    def __init__(
        self,
        homes: Path,
        *,
        budget: float | None = None,
        most: float = 1.0,
        spent: Mapping[str, Asking] | None = None,
        tape: tuple[Path, bool] | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._shelf = shelf
        self._lost = ""
        self._homes = homes
        self._budget = budget
        self._most = most
        self._tape_of = tape
        self._spent = dict(spent or {})
        self._turns: dict[str, int] = {}
        self._reserved: dict[str, float] = {}
        self._short = False
        self._stopped = False
        self._come_to_life()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in ("_lock", "_limiter", "_tape", "_held")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._come_to_life()

    def _come_to_life(self) -> None:
        self._lock = threading.RLock()
        self._limiter = Limiter()
        self._tape: Tape | None = None
        self._held: IO[bytes] | None = None

    # -- beginning and ending ------------------------------------------------------------------------------------------

    def begin(self, key: str, paid: bool) -> Start | None:
        """Leave to begin a cell, also once more after its worker was lost; ``None``: no more is begun. ``paid``: it asks a model."""
        with self._lock:
            self._hold()
            if self._stopped:
                self._weigh(key)
                return None
            if not self._claim(key):
                return Start(-1, 0.0)
            self._weigh(key)
            usd = self._reserve(key) if paid and self._budget is not None else self._most
            if usd is None:
                self.leave(key)
                if self._reserved:
                    return Start(0, 0.0)
                self._short = True
                return None
            self._turns[key] = self._turns.get(key, 0) + 1
            return Start(self._turns[key], usd)

    def ended(self, key: str, turn: int = 0) -> None:
        """What was set aside for a cell is free again, and what its record says was spent counts. Turn 0: whichever it was."""
        with self._lock:
            if turn in (0, self._turns.get(key)):
                self._weigh(key)

    def leave(self, key: str) -> None:
        """Nothing more is done of a cell here: what is known of it is told, and whoever wants may go on with it."""
        with self._lock:
            if not self._lost:
                with contextlib.suppress(Stopped):
                    self._telling(lambda shelf: shelf.leave(key))

    def told(self, key: str) -> None:
        """What is new of a cell's record is where all machines find it. Raises ``Stopped`` when it cannot be: then nothing may be paid for."""
        self._telling(lambda shelf: shelf.told(key))

    def lost(self) -> str:
        """Why what all machines share does not answer any more; empty: it does."""
        return self._lost

    def heard(self, key: str, asked: Asking) -> None:
        """Another machine did a cell, at this price."""
        with self._lock:
            self._spent[key] = asked

    def cut_short(self) -> None:
        """It was the end of the budget of all that ended a run."""
        self._short = True

    def spending(self) -> Spending:
        """So far."""
        with self._lock:
            usd = math.fsum(one.usd for one in self._spent.values())
            lost = math.fsum(one.lost_usd for one in self._spent.values())
            return Spending(round(usd, 9), round(lost, 9), self._short)

    def request_stop(self) -> None:
        """Nothing more is begun; what runs, looks here."""
        self._stopped = True

    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stopped

    def close(self) -> None:
        """Nobody asks any more."""
        with self._lock:
            for one in (self._held, self._tape):
                if one is not None:
                    one.close()
            self._held = self._tape = None

    # -- what runs elsewhere ask for -----------------------------------------------------------------------------------

    def record(self, key: str) -> dict[str, bytes]:
        """The files of a cell, as far as it got."""
        return Copying(self._homes / key).changed()

    def keep(self, key: str, turn: int, files: Mapping[str, bytes]) -> None:
        """Files of a cell that have changed. Raises ``Stopped`` for whoever was given up: nothing of it counts, and it may pay for nothing."""
        with self._lock:
            if turn != self._turns.get(key):
                raise Stopped("this cell was given to another worker", "nothing is to be done")
            put(self._homes / key, files)
        self.told(key)

    def take(self, card: ModelCard, tokens: int) -> float:
        """See :class:`Limiter`."""
        return self._limiter.take(card, tokens)

    def correct(self, card: ModelCard, taken: int, used: int) -> None:
        """See :class:`Limiter`."""
        self._limiter.correct(card, taken, used)

    def reply(self, request: Request) -> Reply | None:
        """A recorded reply."""
        tape = self._replies()
        return tape.get(request) if tape else None

    def keep_reply(self, request: Request, reply: Reply) -> None:
        """Record a reply, where that is wished."""
        tape = self._replies()
        if tape and not tape.only:
            tape.keep(request, reply)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _replies(self) -> Tape | None:
        with self._lock:
            if self._tape is None and self._tape_of is not None:
                self._tape = Tape(self._tape_of[0], only=self._tape_of[1])
            return self._tape

    def _hold(self) -> None:
        """Workers of a process that was killed may have a moment left: until then nothing is begun."""
        if self._held is None:
            self._homes.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = hold(self._homes / LOCK, PATIENCE)

    def _claim(self, key: str) -> bool:
        if self._shelf is None:
            return True
        with contextlib.suppress(Stopped):
            return bool(self._telling(lambda shelf: shelf.claim(key)))
        return False

    def _telling(self, what: Callable[[Shelf], T]) -> T | None:
        """A shared database that is lost ends the comparison, resumably: nobody may pay for what he cannot tell the others."""
        if self._shelf is None:
            return None
        try:
            return what(self._shelf)
        except StoreLost as error:
            self._stopped, self._lost = True, error.message
            raise Stopped(error.message, error.hint) from error

    def _reserve(self, key: str) -> float | None:
        with self._shelf.alone() if self._shelf else contextlib.nullcontext():
            known = self.spending()
            others = self._shelf.committed([*self._spent, *self._reserved, key]) if self._shelf else 0.0
            left = (self._budget or 0.0) - known.usd - known.lost - others - math.fsum(self._reserved.values())
            if left <= 0:
                return None
            self._reserved[key] = min(self._most, left)
            if self._shelf:
                self._shelf.reserve(key, self._reserved[key])
            return self._reserved[key]

    def _weigh(self, key: str) -> None:
        self._reserved.pop(key, None)
        if asked := weighed(run_dir(self._homes / key)):
            self._spent[key] = asked


def run_dir(home: Path) -> Path:
    """The record of the run in a cell's home, the same each time, so that what was paid for is found again."""
    return home / "runs" / f"r-{home.name}"


def weighed(folder: Path) -> Asking | None:
    """What a run has asked of its model by its record, whether it came to its end or was cut off; ``None`` without one."""
    if not (folder / FILE).exists():
        return None
    with contextlib.suppress(UsageError, sqlite3.Error, OSError), closing(RunStore(folder, readonly=True)) as record:
        return spent(record)
    return None
