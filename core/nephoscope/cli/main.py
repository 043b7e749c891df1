"""The ``nephoscope`` command: puts the commands together. Whatever is heavy is imported inside them."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final

import typer

from nephoscope.cli import (
    bench,
    compare,
    demo,
    doctor,
    exits,
    facts,
    inspect,
    investigate,
    models,
    plugins,
    policy,
    prompts,
    replay,
    resume,
    runs,
    settings,
    skills,
    streams,
    verify,
    why,
)
from nephoscope.cli import exec as exec_command

_ASK: Final = "Ask what is wrong"
_LOOK: Final = "Look at what was found"
_BOUNDARY: Final = "Boundary"
_EXTEND: Final = "Extend"
_LEFTOVER_OPTIONS: Final = {"ignore_unknown_options": True, "allow_extra_args": True}

app = typer.Typer(
    name="nephoscope",
    help="Troubleshoot clouds: say what hurts, get the cause with its evidence. Read-only.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(rich_help_panel=_ASK, context_settings=_LEFTOVER_OPTIONS)(investigate.investigate)
app.command(rich_help_panel=_ASK)(demo.demo)
app.command(rich_help_panel=_ASK)(resume.resume)
app.command(rich_help_panel=_ASK, context_settings=_LEFTOVER_OPTIONS)(inspect.inspect)
app.add_typer(runs.app, name="runs", rich_help_panel=_LOOK)
app.add_typer(facts.app, name="facts", rich_help_panel=_LOOK)
app.command(rich_help_panel=_LOOK)(why.why)
app.command(rich_help_panel=_LOOK)(verify.verify)
app.command(rich_help_panel=_LOOK)(replay.replay)
app.command(
    "exec",
    cls=exec_command.ExecCommand,
    rich_help_panel=_BOUNDARY,
    context_settings={**_LEFTOVER_OPTIONS, "allow_interspersed_args": False},
)(exec_command.exec_)
app.command(rich_help_panel=_BOUNDARY, context_settings=_LEFTOVER_OPTIONS)(doctor.doctor)
app.add_typer(policy.app, name="policy", rich_help_panel=_BOUNDARY)
app.command(rich_help_panel=_EXTEND)(bench.bench)
app.command(rich_help_panel=_EXTEND)(compare.compare)
app.command(rich_help_panel=_EXTEND)(plugins.plugins)
app.add_typer(models.app, name="models", rich_help_panel=_EXTEND)
app.add_typer(prompts.app, name="prompts", rich_help_panel=_EXTEND)
app.add_typer(skills.app, name="skills", rich_help_panel=_EXTEND)
app.command(rich_help_panel=_EXTEND)(settings.settings)


def _version(wanted: bool) -> None:
    if wanted:
        from nephoscope import __version__

        typer.echo(f"nephoscope {__version__}")
        raise typer.Exit()


@app.callback()
def callback(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False) -> None:
    """Troubleshoot clouds: say what hurts, get the cause with its evidence. Read-only."""


def main() -> None:
    """Entry point of the console script."""
    streams.make_sound()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)
    except BrokenPipeError:
        streams.silence(sys.stdout)
        sys.exit(exits.OK)
    finally:
        _flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            streams.silence(stream)
            if os.environ.get("NEPHOSCOPE_DEBUG"):
                raise
