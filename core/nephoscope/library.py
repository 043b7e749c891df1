"""Nephoscope as a library."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from nephoscope.app import App
from nephoscope.models import Approval, Event
from nephoscope.models.report import Report
from nephoscope.plugin.manager import load_plugins
from nephoscope.settings import Settings, load_settings


def investigate(
    text: str,
    *,
    cloud: str = "",
    scope: Mapping[str, JsonValue] | None = None,
    settings: Settings | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Report:
    """Look for the cause of a problem, with nobody there to ask.

    ``scope`` holds the cloud pack's options (``nephoscope plugins`` names them). Without ``settings``, those of this machine hold.
    Raises :class:`nephoscope.interfaces.NephoscopeError` only while there is no run yet; whatever happens later is in the report.
    """
    flags = {"cloud": cloud or None, "scope": dict(scope or {})}
    chosen = settings or load_settings(flags).settings
    plugins = load_plugins(chosen.packs_blocked, allowed=chosen.packs)
    return App(chosen, plugins).investigate(
        text, on_event=on_event or (lambda _: None), ask=lambda _: None, approve=lambda _, __: Approval(nobody=True)
    )
