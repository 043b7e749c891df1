"""Live views, driven by events alone."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nephoscope.models import Event
from nephoscope.reporting.live import Board, Lines, Silent, glyphs
from nephoscope.reporting.progress import Progress


def event(kind: str, step: int = 0, **data: Any) -> Event:
    return Event(kind=kind, at="2026-11-22T10:05:00+00:00", step=step, data=data)


SCOPE = {"account": "1234", "principal": "arn:x:role/Reader", "regions": ["eu-west-1"]}
RUN = [
    event(
        "run_started", id="r-7k2", scopes=[{"account": "1234", "principal": "arn:x:role/Reader", "regions": ["eu-west-1"]}], isolation="bubblewrap"
    ),
    event("entities", entities=[{"text": "orders-in", "matches": ["arn:orders-in"]}, {"text": "ghost", "matches": []}]),
    event("budget", calls=3, usd=0.0002, seconds=1.5, limits={"calls": 400, "usd": 1.0, "seconds": 300}),
    event("board", open=[{"cause": "a", "title": "light", "weight": 1}, {"cause": "b", "title": "heavy", "weight": 4}], ruled_out=0),
    event("step_started", 1, intent="notification of orders-in", operations=["s3:GetBucketAcl"]),
    event("script", 1, author="template:x", hash="9f3c00", lines=12),
    event("call", 1, operation="s3:GetBucketAcl", status=200),
    event("step_ended", 1, status="ok", calls=1, seconds=0.07, gaps=1),
    event("board", open=[], ruled_out=2),
    event("concluded", 1, verdict="confirmed", title="the bucket may not invoke it"),
]


def lines(events: list[Event]) -> str:
    stream = io.StringIO()
    view = Lines(Console(file=stream, width=100))
    for each in events:
        view.on_event(each)
    return stream.getvalue()


def test_plain_view_is_one_line_per_step() -> None:
    assert lines(RUN).splitlines() == [
        "-- nephoscope r-7k2 · 1234 as role/Reader · eu-west-1 · read-only · isolation bubblewrap · no model",
        "-- orders-in → arn:orders-in",
        "-- ghost → not found",
        "-- still possible: heavy · light   ruled out: 0",
        "ok 1 notification of orders-in  1 not seen  (1 call 0.1 s)",
        "-- still possible: nothing   ruled out: 2",
        "-- CONFIRMED: the bucket may not invoke it",
    ]


def test_board_draws_step_hypotheses_and_spending_below_finished_lines() -> None:
    stream = io.StringIO()
    now = [0.0]
    console = Console(file=stream, width=80, height=24, force_terminal=True, color_system=None, legacy_windows=False)
    with Board(console, clock=lambda: now[0]) as board:
        for each in RUN[:7]:
            board.on_event(each)
        now[0] = 2.0
        drawn = io.StringIO()
        Console(file=drawn, width=80).print(board._draw())
    assert drawn.getvalue().splitlines() == [
        " ▸ 1 notification of orders-in",
        "     s3:GetBucketAcl 200 · script template:x 9f3c, 12 lines",
        " ── still possible: heavy ▇▇▇▇ · light ▇   ruled out: 0",
        " ── 4 of 400 calls · 0.0002 USD of 1.00 · 4 of 300 s · Ctrl-C stops and keeps",
    ]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_live_lines_never_wrap(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    board = Board(console)
    for each in [*RUN[:7], event("board", open=[{"title": f"a long hypothesis number {n}"} for n in range(9)], ruled_out=123)]:
        board.on_event(each)
    drawn = io.StringIO()
    Console(file=drawn, width=width).print(board._draw())
    assert len(drawn.getvalue().splitlines()) == 4
    assert width < 40 or "ruled out: 123" in drawn.getvalue()


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="backslashreplace")
    assert all(sign.isascii() for sign in glyphs(Console(file=stream)).values())


def test_the_budget_event_is_the_truth_about_calls() -> None:
    progress = Progress()
    for each in [event("call", 1, operation="a:B"), event("budget", calls=7, usd=0.0, seconds=1)]:
        progress.apply(each)
    assert progress.calls == 7


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False, width=32),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = ["id", "scopes", "entities", "intent", "operations", "hash", "lines", "open", "limits", "calls", "verdict", "status", "reason", "title"]
kinds = [*{each.kind for each in RUN}, "repair", "question", "approval", "notice", "of_the_future"]


@given(st.lists(st.builds(event, st.sampled_from(kinds), st.integers(0, 99)), max_size=3), st.data())
def test_no_event_can_break_a_view_or_steer_the_terminal(events: list[Event], data: st.DataObject) -> None:
    events = [each.model_copy(update={"data": data.draw(st.dictionaries(st.sampled_from(fields), json_values))}) for each in events]
    assert "\x1b" not in lines(events)
    board = Board(Console(file=io.StringIO(), width=80, color_system=None))
    for each in events:
        board.on_event(each)
    board._draw()


def test_quiet_shows_notes_only() -> None:
    stream = io.StringIO()
    view = Silent(Console(file=stream, width=80))
    for each in RUN:
        view.on_event(each)
    view.note("stopping")
    assert stream.getvalue() == "stopping\n"
