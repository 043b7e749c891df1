"""What a command works with: settings, plugins, the application; and how an investigation is conducted from a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from nephoscope.cli.application import Application, Callbacks
from nephoscope.cli.exits import exit_code
from nephoscope.cli.output import Output

if TYPE_CHECKING:
    from nephoscope.models import Event
    from nephoscope.models.report import Report
    from nephoscope.plugin.manager import Plugins
    from nephoscope.settings import Loaded


Start = Callable[[Application, Callbacks], "Report"]
"""Begins or resumes an investigation."""


@dataclass(frozen=True)
class Session:
    """Everything loaded for one command. ``words``: what was left of the command line besides options."""

    loaded: Loaded
    plugins: Plugins
    words: Sequence[str]

    def application(self) -> Application:
        """The application, built now."""
        return build(self)


def build(session: Session) -> Application:
    """The real application. Tests put their own here."""
    from nephoscope.app import App

    return App(session.loaded.settings, session.plugins)


def open_session(flags: Mapping[str, Any], words: Sequence[str] = (), *, known: Sequence[str] = (), leading: bool = False) -> Session:
    """Load settings and packs, and take the packs' own options out of the words. Raises ``UsageError``."""
    from nephoscope.cli.scope_options import fields_of, split, validated
    from nephoscope.plugin.manager import load_plugins
    from nephoscope.settings import load_settings

    loaded = load_settings(flags)
    plugins = load_plugins(loaded.settings.packs_blocked, allowed=loaded.settings.packs)
    if not any(word.startswith("-") and word != "-" for word in words):
        return Session(loaded, plugins, list(words))
    cloud = loaded.settings.cloud
    text, options = split(words, fields_of(plugins.estates, cloud), known=known, leading=leading)
    if options:
        loaded = load_settings({**flags, "scope": validated(options, plugins.estates, cloud)})
    return Session(loaded, plugins, text)


def conduct(session: Session, output: Output, start: Start, *, out: Path | None = None, answers: Sequence[str] = ()) -> typer.Exit:
    """Run an investigation in front of a person or a program, print its report, and answer with the exit to raise."""
    from nephoscope.cli.conversation import Conversation
    from nephoscope.cli.interruption import Interruption

    settings = session.loaded.settings
    output.quiet, output.plain = output.quiet or settings.quiet, output.plain or settings.plain
    for ignored in session.loaded.ignored:
        output.note(f"ignored: {ignored.key} ({ignored.where}): {ignored.why}")
    app = session.application()
    view = output.view()
    shown: list[Report] = []
    talk: list[Conversation] = []

    def watch(event: Event) -> None:
        if event.kind == "run_started":
            output.run_id = str(event.data.get("id") or "")
        if event.kind == "kept":
            with view.paused():
                shown.append(app.report(output.run_id))
                output.report(shown[0], out)
        for conversation in talk:
            conversation.heard(event)
        view.on_event(event)

    with Interruption(app.request_stop, view.note) as interruption, view:
        conversation = Conversation(output, view, interruption, ask=settings.ask, answers=answers)
        talk.append(conversation)
        report = start(app, Callbacks(on_event=watch, ask=conversation.ask, approve=conversation.approve))
    output.run_id = report.id
    if not shown:
        output.report(report, out)
    return typer.Exit(exit_code(report))
