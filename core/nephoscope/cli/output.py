"""Where a command writes: results on stdout, everything for watching on stderr, errors in at most four lines."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from nephoscope.cli import exits, streams
from nephoscope.interfaces.errors import NephoscopeError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from nephoscope.models.report import Report
    from nephoscope.reporting.live import View

_FULL = (errno.ENOSPC, errno.EDQUOT)
_OURS = "this is a fault of ours: NEPHOSCOPE_DEBUG=1 shows where; please report it"


class Output:
    """One command's output. As a context manager it turns errors into words and exit codes.

    With ``as_json`` stdout carries one document and nothing else; an error without a run is ``nephoscope.error/1``.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, plain: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.plain = plain or streams.is_plain(os.environ)
        self.run_id = ""
        """The run an interruption would leave behind."""

    @property
    def results(self) -> Console:
        """Console on stdout."""
        return streams.console(sys.stdout)

    @property
    def people(self) -> Console:
        """Console on stderr."""
        return streams.console(sys.stderr)

    def view(self) -> View:
        """How a run is shown while it happens."""
        from nephoscope.reporting.live import Board, Lines, Silent

        console = self.people
        if self.quiet:
            return Silent(console)
        return Board(console) if streams.is_terminal(sys.stderr) and not self.plain else Lines(console)

    def document(self, content: Mapping[str, Any]) -> None:
        """One JSON document on stdout."""
        self.write(json.dumps(content, indent=2) + "\n")

    def write(self, text: str) -> None:
        """Raw text on stdout. A reader that went away is no error; a full disk is."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            streams.silence(sys.stdout)
        except OSError as error:
            streams.silence(sys.stdout)
            raise UsageError(f"The result could not be written to standard output: {error.strerror}.", self._kept()) from None

    def report(self, report: Report, out: Path | None = None) -> None:
        """The result of an investigation, and a copy in a file (``.json``: the document, else Markdown)."""
        from nephoscope.reporting import render_terminal, to_json

        self.save(report, out)
        if self.as_json:
            self.write(to_json(report))
        else:
            render_terminal(report, self.results)

    def note(self, text: str) -> None:
        """A line for the person, on stderr."""
        from nephoscope.reporting.text import clean

        self.people.print(clean(text), soft_wrap=True)

    def trouble(self, message: str, hint: str, code: int) -> None:
        """What happened and what to do: on stderr, and as a document where one is expected."""
        if self.as_json:
            self.document({"schema": "nephoscope.error/1", "error": {"message": message, "hint": hint, "exit_code": code}})
        self.note(f"error: {message}")
        if hint:
            self.note(f"  do: {hint}")

    def _kept(self) -> str:
        return f"free some space; it is kept: nephoscope runs show {self.run_id}" if self.run_id else "free some space and try again"

    def __enter__(self) -> Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None or isinstance(error, typer.Exit | SystemExit) or _debugging():
            return
        if isinstance(error, NephoscopeError):
            self.trouble(error.message, error.hint, error.exit_code)
            raise typer.Exit(error.exit_code) from None
        if isinstance(error, KeyboardInterrupt):
            self.note(f"interrupted; go on with: nephoscope resume {self.run_id}" if self.run_id else "interrupted")
            raise typer.Exit(exits.INTERRUPTED) from None
        if isinstance(error, OSError) and error.errno in _FULL:
            streams.silence(sys.stdout)
            self.trouble(f"Nothing more can be written: {error.strerror}.", self._kept(), exits.USAGE)
            raise typer.Exit(exits.USAGE) from None
        if isinstance(error, Exception) and not isinstance(error, typer.TyperException):
            self.trouble(f"{type(error).__name__}: {error}", _OURS, exits.INTERNAL)
            raise typer.Exit(exits.INTERNAL) from None

    @staticmethod
    def save(report: Report, out: Path | None) -> None:
        """The report as a file, where one is wished. Raises ``UsageError``."""
        from nephoscope.reporting import render_markdown, to_json

        if out is None:
            return
        try:
            out.write_text(to_json(report) if out.suffix == ".json" else render_markdown(report), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"The report could not be written to {out}: {error.strerror}.", "give --out a file in a folder you may write") from None


def _debugging() -> bool:
    return bool(os.environ.get("NEPHOSCOPE_DEBUG"))
