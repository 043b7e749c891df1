"""``nephoscope exec``: a script or a command of one's own behind the boundary."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperCommand

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.cli.output import Output
    from nephoscope.cli.result_file import ResultFile
    from nephoscope.cli.session import Session
    from nephoscope.models.execution import Execution, Order

REFUSED: Final = 125
KILLED: Final = 137
_COMMAND: Final = "nephoscope.command"
_HOW: Final = "nephoscope exec --script FILE, or: nephoscope exec -- COMMAND ..."
_NOTHING: Final = "There is nothing to run."

Script = Annotated[Path | None, typer.Option("--script", metavar="FILE", help="A Python script to run; '-': standard input.")]
Result = Annotated[Path | None, typer.Option("--result", metavar="FILE", help="Write the result as JSON.")]
Investigation = Annotated[
    str | None, typer.Option("--investigation", metavar="ID", help="Run as part of this investigation: its identity, its record, its facts.")
]
StaticChecks = Annotated[bool, typer.Option("--static-checks/--no-static-checks", help="Judge a script before it runs; commands are only contained.")]
Artefacts = Annotated[
    bool, typer.Option("--artefacts", help="Write beside the result what a terminal (.render), a page (.html) and a model (.prompt) are shown.")
]
Upstream = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        "--upstream",
        metavar="URL",
        help="An endpoint that stands for the cloud, such as an emulator's.",
        rich_help_panel="Where to look",
    ),
]


class ExecCommand(TyperCommand):
    """Options may stand in any order before ``--`` or beside ``--script``; what follows ``--`` is the command, untouched."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if "--" in args:
            cut = args.index("--")
            args, ctx.meta[_COMMAND] = args[:cut], args[cut + 1 :]
            ctx.allow_interspersed_args = True
        elif any(word == "--script" or word.startswith("--script=") for word in args):
            ctx.meta[_COMMAND] = []
            ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


def exec_(
    *,
    context: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="What to run, such as: python anything.py")] = None,
    script: Script = None,
    result: Result = None,
    artefacts: Artefacts = False,
    static_checks: StaticChecks = True,
    investigation: Investigation = None,
    cloud: options.Cloud = None,
    region: options.Region = None,
    endpoint_url: Upstream = None,
    allow_resource: options.AllowResource = None,
    grant: options.Grant = None,
    telemetry: options.Telemetry = None,
    reuse: options.Reuse = None,
    executor: options.ExecutorName = None,
    max_seconds: options.MaxSeconds = None,
    max_calls: options.MaxCalls = None,
    max_usd: options.MaxUsd = None,
) -> None:
    """Run a script or command of yours in the sandbox: it reads the cloud, and can change nothing.

    Ends with its own status, 125 when the boundary refused to run it, 137 when a limit ended it.
    """
    from nephoscope.cli.output import Output
    from nephoscope.cli.result_file import ResultFile
    from nephoscope.interfaces.errors import UsageError

    with Output() as output:
        if artefacts and result is None:
            raise UsageError("--artefacts are written beside the result.", "add --result FILE")
        kept = ResultFile(result) if result else None
        raise typer.Exit(_Command(context, output, kept, artefacts=artefacts).run(command or []))


class _Command:
    """One ``exec``, from the words to the exit code."""

    def __init__(self, context: typer.Context, output: Output, kept: ResultFile | None, *, artefacts: bool) -> None:
        self._context = context
        self._given = context.params
        self._output = output
        self._kept = kept
        self._artefacts = artefacts
        self._name = ""

    def run(self, words: Sequence[str]) -> int:
        """Run it, print what it printed, keep the result. However it ends there is a result, where one is wished."""
        from nephoscope.interfaces.errors import IsolationError, NephoscopeError
        from nephoscope.reporting.execution import shown_output

        signal.signal(signal.SIGTERM, _interrupt)  # as Ctrl-C: the sandbox is ended and the result kept
        try:
            session, order = self._order(words)
            execution = session.application().execute(order)
        except IsolationError as error:
            self._output.trouble(error.message, error.hint, REFUSED)
            return self._keep(_unrun(self._name, error.message, error.hint, REFUSED))
        except NephoscopeError as error:
            self._keep(_unrun(self._name, error.message, error.hint, error.exit_code))
            raise
        except KeyboardInterrupt:
            self._keep(_unrun(self._name, "interrupted", "", 130))
            raise
        text = shown_output(execution)
        self._output.write(text if not text or text.endswith("\n") else text + "\n")
        self._say(execution)
        return self._keep(execution)

    def _order(self, words: Sequence[str]) -> tuple[Session, Order]:
        from nephoscope.cli.session import open_session
        from nephoscope.executing import read_source
        from nephoscope.interfaces.errors import UsageError
        from nephoscope.models.execution import Order

        behind = self._context.meta.get(_COMMAND)
        known, flags = options.names(self._context), options.flags(self._context)
        loose = [*words, "--", *behind] if behind is not None else list(words) if words[:1] and words[0].startswith("-") else ["--", *words]
        session = open_session(flags, loose, known=known, leading=True)
        script, investigation = self._given["script"], self._given["investigation"] or ""
        if bool(script) == bool(session.words):
            raise UsageError("There are a script and a command to run; which?" if script else _NOTHING, _HOW)
        where = [f"--{name.replace('_', '-')}" for name in ("cloud", "region", "endpoint_url") if self._given.get(name)]
        where += [word for word in loose[: loose.index("--") if "--" in loose else 0] if word.startswith("-")]
        if investigation and where:
            raise UsageError(f"--investigation {investigation} says where to look and as whom.", f"leave out: {', '.join(where)}")
        self._name = str(script) if script else " ".join(session.words)
        source = read_source(str(script)) if script else None
        order = Order(
            argv=tuple(session.words), source=source, name=self._name, static_checks=self._given["static_checks"], investigation=investigation
        )
        return session, order

    def _say(self, execution: Execution) -> None:
        if execution.limit_hit:
            self._output.note(f"nephoscope: ended by the limit on {execution.limit_hit}")
        for violation in execution.violations if execution.status == "refused" else ():
            if violation.severity == "error":
                self._output.note(f"line {violation.line}: {violation.message}" + (f"; {violation.hint}" if violation.hint else ""))
        if execution.status == "refused":
            self._output.note("nephoscope: not run; --no-static-checks leaves it to the sandbox alone")

    def _keep(self, execution: Execution) -> int:
        """Write what is wished; the exit code that goes with the result."""
        from nephoscope.interfaces.errors import UsageError
        from nephoscope.reporting import execution as shown

        if self._kept and not self._kept.write(execution):
            self._output.note(f"nephoscope: the disk is full; {self._kept.path} is a shortened result")
        if self._kept and self._artefacts:
            made = {".render": shown.render_text, ".html": shown.render_html, ".prompt": shown.render_prompt}
            for suffix, render in made.items():
                try:
                    self._kept.beside(suffix, render(execution))
                except UsageError as error:
                    self._output.note(f"nephoscope: {error.message} {error.hint}")
        return _status(execution)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _unrun(name: str, message: str, hint: str, code: int) -> Execution:
    from nephoscope.models.execution import Execution
    from nephoscope.models.report import Trouble

    return Execution(name=name, status="refused" if code == REFUSED else "error", trouble=Trouble(message=message, hint=hint, exit_code=code))


def _status(execution: Execution) -> int:
    if execution.status in ("refused", "error"):
        return execution.trouble.exit_code if execution.trouble else REFUSED
    if execution.exit_code is not None and execution.exit_code >= 0:
        return execution.exit_code
    return 0 if execution.status == "ok" else KILLED if execution.status == "killed" else 1
