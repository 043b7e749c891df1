"""Boundary processes that go from one run to the next: only after a run that ended well, and with nothing of it left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nephoscope.boundary import parked
from nephoscope.boundary.client import Boundary
from nephoscope.boundary.parked import borrowed
from nephoscope.boundary.protocol import Opening
from nephoscope.interfaces import UsageError

Borrow = Callable[..., Any]


@pytest.fixture
def borrow(start: Callable[..., Boundary], monkeypatch: pytest.MonkeyPatch) -> Iterator[Borrow]:
    def begin(blocked: Sequence[str] = ()) -> Boundary:
        return start()

    monkeypatch.setattr(parked, "_parked", {})
    monkeypatch.setattr(parked, "_started", begin)
    yield lambda listener=lambda _: None, blocked=(): borrowed(listener, blocked)


def test_one_is_lent_again_with_its_record_closed(borrow: Borrow, opening: Opening, tmp_path: Path) -> None:
    told: list[str] = []
    with borrow() as first:
        first.open(opening)
        pid = first.pid
    with borrow(lambda _: told.append("second")) as second:
        assert second.pid == pid
        with pytest.raises(UsageError, match="not open"):
            second.spent()
        second.open(opening.model_copy(update={"run_dir": str(tmp_path / "other")}))
        assert second.spent().calls == 0
    assert second.listener is None


def test_two_at_a_time_are_two_and_other_packs_are_others(borrow: Borrow) -> None:
    with borrow() as one, borrow() as other, borrow(blocked=("pack",)) as without:
        assert len({one.pid, other.pid, without.pid}) == 3
    with borrow(blocked=("pack",)) as again:
        assert again.pid == without.pid


def test_one_whose_run_failed_or_that_ended_is_not_lent_again(borrow: Borrow) -> None:
    with suppress(ZeroDivisionError), borrow() as failed:
        raise ZeroDivisionError
    assert not failed.alive
    with borrow() as ended:
        assert ended.pid != failed.pid
    ended._process.kill()
    deadline = time.monotonic() + 10
    while ended.alive and time.monotonic() < deadline:
        time.sleep(0.02)
    with borrow() as fresh:
        assert fresh.alive and fresh.pid != ended.pid
        fresh._process.kill()  # what is left by then must not hide how the run ended
        fresh._process.wait()
