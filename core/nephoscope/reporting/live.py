"""Live views of a run: drawn at the bottom of a terminal, or one plain line per step. Driven by events alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol, Self

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nephoscope.models import Event
from nephoscope.reporting.progress import Progress, Said

_WIDTH: Final = 100
_STYLES: Final[Mapping[str, str]] = {"ok": "green", "bad": "yellow", "note": "dim"}
_GLYPHS: Final[Mapping[str, str]] = {"ok": "✓", "bad": "✗", "note": "·", "run": "▸", "rule": "──", "bar": "▇"}
_PLAIN_GLYPHS: Final[Mapping[str, str]] = {"ok": "ok", "bad": "!!", "note": "--", "run": ">", "rule": "--", "bar": "#"}


class View(Protocol):
    """Shows a run while it happens."""

    def on_event(self, event: Event) -> None: ...

    def note(self, text: str) -> None:
        """A clean line of our own among the others."""

    def paused(self) -> AbstractContextManager[None]:
        """Nothing is drawn inside, so that a person can be asked."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...


class Silent:
    """Shows nothing but notes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to take away."""

    def on_event(self, event: Event) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Print it."""
        self._console.print(Text(text), soft_wrap=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing to pause."""
        yield


class Lines(Silent):
    """One line per finished step: for logs, screen readers, ``TERM=dumb`` and CI."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._progress = Progress()
        self._board = ""

    def on_event(self, event: Event) -> None:
        """Print what became final, and the board when it changed."""
        said = self._progress.apply(event)
        board = self._progress.board()
        if event.kind == "board" and board != self._board:
            self._board = board
            said = [*said, Said(board, mark="note")]
        for line in said:
            mark = _PLAIN_GLYPHS.get(line.mark, "")
            aside = f"  ({' '.join(line.aside.split())})" if line.aside else ""
            self.note(f"{mark} {line.text}{aside}")


class Board:
    """Append-only above, a few live lines below: the running step, what is still possible, what was spent. Never clears the scrollback."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._progress = Progress()
        self._base: float = clock()
        self._glyphs = glyphs(console)
        self._live: Live | None = None
        self._lock = threading.RLock()  # calls are told by the thread that listens to the boundary

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def on_event(self, event: Event) -> None:
        """Print what became final above the live lines, and redraw them."""
        with self._lock:
            for line in self._progress.apply(event):
                self._console.print(self._said(line))
            if event.kind == "budget":
                self._base = self._clock() - self._progress.seconds
            if self._live is not None:
                self._live.refresh()

    def note(self, text: str) -> None:
        """Print it above the live lines."""
        self._console.print(self._said(Said(text, mark="note")))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the live lines away, so that a person can be asked."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        with self._lock:
            self._live = Live(get_renderable=self._draw, console=self._console, transient=True, refresh_per_second=4)
            self._live.start()

    def _stop(self) -> None:
        with self._lock:
            live, self._live = self._live, None
            if live is not None:
                live.stop()

    def _draw(self) -> RenderableType:
        progress, rule = self._progress, self._glyphs["rule"]
        lines: list[Text] = [] if progress.run_id else [Text(f" {self._glyphs['run']} opening the boundary: isolation, credentials")]
        if progress.intent:
            lines.append(Text(f" {self._glyphs['run']} {progress.step} {progress.intent}"))
            doing = " · ".join(part for part in (progress.doing, progress.script) if part)
            lines += [Text(f"     {doing}", style="dim")] if doing else []
        if progress.open or progress.ruled_out:
            lines.append(self._hypotheses())
        lines.append(Text(f" {rule} {progress.spent(self._clock() - self._base)} · Ctrl-C stops and keeps", style="dim"))
        for line in lines:
            line.truncate(self._console.width - 1, overflow="ellipsis")
        return Group(*lines)

    def _hypotheses(self) -> Text:
        """Heaviest first, as many as fit beside the count of what is ruled out."""
        progress = self._progress
        ruled_out = f"   ruled out: {progress.ruled_out}"
        text = Text(f" {self._glyphs['rule']} still possible: {'' if progress.open else 'nothing'}")
        room = self._console.width - 1 - cell_len(ruled_out)
        heaviest = max((weight for _, weight in progress.open), default=1.0) or 1.0
        for index, (title, weight) in enumerate(progress.open):
            entry = Text.assemble(" · " if index else "", f"{title} ", (self._glyphs["bar"] * max(1, round(4 * weight / heaviest)), "cyan"))
            more = f" · {len(progress.open) - index} more"
            if text.cell_len + entry.cell_len + len(more) > room and index:
                text.append(more)
                break
            text.append_text(entry)
        text.truncate(room, overflow="ellipsis")
        return text.append(ruled_out, style="bold")

    def _said(self, line: Said) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.width = min(self._console.width, _WIDTH) - 1
        grid.add_column(width=2)
        grid.add_column(ratio=1, overflow="fold")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_row(Text(f" {self._glyphs.get(line.mark, '')}", style=_STYLES.get(line.mark, "")), Text(line.text), Text(line.aside, style="dim"))
        return grid


def glyphs(console: Console) -> Mapping[str, str]:
    """Signs that the terminal's encoding can show."""
    try:
        "".join(_GLYPHS.values()).encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_GLYPHS
    return _GLYPHS
