"""Suite for engines: places where pieces of work are carried out."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import pytest

from nephoscope.interfaces import Engine, NephoscopeError, UsageError
from nephoscope.testing.conformance.base import Suite

_PIECES = 12


class Counter:
    """What the pieces of the suite share. Thread-safe, and can be pickled."""

    def __init__(self) -> None:
        self._total, self._now, self._most = 0, 0, 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def begin(self) -> None:
        """A piece has begun."""
        with self._lock:
            self._now += 1
            self._most = max(self._most, self._now)

    def end(self, amount: int) -> None:
        """A piece has ended, and adds so much."""
        with self._lock:
            self._now -= 1
            self._total += amount

    def counted(self) -> tuple[int, int]:
        """The total, and how many were under way at most."""
        return self._total, self._most

    def refuse(self) -> None:
        """Raises."""
        raise UsageError("this is refused", "do something else")


@dataclass(frozen=True)
class Double:
    """Work: twice a number; what is odd in a bad way raises."""

    bad: int = -1

    def __call__(self, piece: int, counter: Any) -> int:
        counter.begin()
        time.sleep(0.05)
        counter.end(piece)
        if piece == self.bad:
            counter.refuse()
        return 2 * piece


class EngineSuite(Suite):
    """``address``: where the engine is, empty for one of its own. ``nowhere``: an address where it is not, for an engine that uses one."""

    interface = Engine
    subject: Engine
    address = ""
    nowhere = ""

    def test_each_piece_ends_once_with_its_own_result(self) -> None:
        """What is shared is one object, no call of it is lost, and no more work at a time than was said."""
        work = {f"piece {number}": number for number in range(_PIECES)}
        with self.subject.opened(Counter(), jobs=2, address=self.address) as crew:
            ended = list(crew.run(Double(), work))
            total, most = crew.shared.counted()
        assert sorted((one.name, one.result) for one in ended) == sorted((name, 2 * number) for name, number in work.items())
        assert [one.error for one in ended] == [None] * _PIECES
        assert total == sum(work.values())
        assert 1 <= most <= 2

    def test_what_a_piece_raises_is_its_own_error(self) -> None:
        """With its words and its hint; the others go on. What the shared object raises arrives at whoever called."""
        with self.subject.opened(Counter(), jobs=2, address=self.address) as crew:
            ended = {one.name: one for one in crew.run(Double(bad=1), {"a": 0, "b": 1, "c": 2})}
            with pytest.raises(UsageError, match="this is refused"):
                crew.shared.refuse()
        error = ended["b"].error
        assert isinstance(error, UsageError)
        assert error.hint == "do something else"
        assert (ended["a"].result, ended["c"].result) == (0, 4)

    def test_who_stops_listening_stops_the_work(self) -> None:
        """What has not begun is not begun; and there is nothing to do about no work."""
        with self.subject.opened(Counter(), jobs=1, address=self.address) as crew:
            assert list(crew.run(Double(), {})) == []
            for _ in crew.run(Double(), {str(number): 1 for number in range(50)}):
                break
            assert crew.shared.counted()[0] < 50

    def test_an_address_where_nobody_is_is_said(self) -> None:
        """Before anything is begun."""
        if not self.nowhere:
            return
        with pytest.raises(NephoscopeError) as raised, self.subject.opened(Counter(), jobs=1, address=self.nowhere):
            pass
        assert raised.value.hint
