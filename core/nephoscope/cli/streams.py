"""Standard streams that survive what shells do to them: closed, broken, full, not UTF-8, not a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_NO = ("", "0", "false")


def make_sound() -> None:
    """Open what the caller closed, so that no file of ours becomes descriptor 1, and let no encoding stop a report."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free descriptor: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def silence(stream: IO[str]) -> None:
    """Nobody reads any more: drop what is still buffered instead of failing at exit."""
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
    except (OSError, ValueError):
        pass


def console(stream: IO[str]) -> Console:
    """A rich console that interprets no markup and outlives a broken pipe."""
    from rich.console import Console

    class Enduring(Console):
        def on_broken_pipe(self) -> None:
            silence(stream)

    terminal = is_terminal(stream)
    made = Enduring(file=stream, markup=False, emoji=False, highlight=False, soft_wrap=False, force_terminal=terminal)
    if not terminal:
        made.width = 100
    return made


def is_terminal(stream: IO[str]) -> bool:
    """Whether a person looks at it."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def is_plain(environment: Mapping[str, str]) -> bool:
    """Whether surroundings ask for one line per step instead of a live view."""
    wished = any(environment.get(name, "").lower() not in _NO for name in ("NO_COLOR", "CI"))
    return wished or environment.get("TERM", "") in ("dumb", "unknown")
