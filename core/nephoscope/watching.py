"""Whether a run is traced: only where the setting ``tracing`` says so, and otherwise not, whatever the environment says."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from pydantic import SecretStr

from nephoscope import __version__
from nephoscope.interfaces import UsageError
from nephoscope.interfaces.tracing import Link, Tracer
from nephoscope.models import TracedRun, TraceTarget
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.run import RunStore


@contextlib.contextmanager
def watched(settings: Settings, plugins: Plugins, store: RunStore, scrub: Callable[[str], str]) -> Iterator[Link]:
    """Trace what happens inside, or see to it that nobody does. Raises ``UsageError`` when the setting names what is not there."""
    with _unwatched():
        chosen = tracer(settings, plugins)
        if chosen is None:
            yield lambda: ""
            return
        with chosen.trace(_run(settings, store), target(settings), scrub) as link:
            yield link


def tracer(settings: Settings, plugins: Plugins) -> Tracer | None:
    """Who traces runs by the setting ``tracing``. Raises ``UsageError`` when it names what is not there."""
    if not settings.tracing:
        return None
    found = plugins.tracers.get(settings.tracing)
    if found is None:
        known = ", ".join(sorted(plugins.tracers)) or "none"
        hint = f"pip install 'nephoscope[langsmith]', or unset tracing; installed: {known}"
        raise UsageError(f"Nothing called {settings.tracing!r} traces runs here.", hint)
    return found


@contextlib.contextmanager
def _unwatched() -> Iterator[None]:
    """LANGSMITH_TRACING in somebody's shell is meant for another program: it would upload what this one sees."""
    from langsmith import tracing_context

    with tracing_context(enabled=False):
        yield


def _run(settings: Settings, store: RunStore) -> TracedRun:
    tags = ("nephoscope", f"planner:{settings.planner}", *(f"model:{model}" for model in settings.models))
    return TracedRun(id=store.id, tags=tags, metadata={"run": store.id, "version": __version__, "planner": settings.planner})


def target(settings: Settings) -> TraceTarget:
    """Where traces go by the settings."""
    reference = settings.keys.get(settings.tracing)
    key = SecretStr(reference.resolve()) if reference else None
    return TraceTarget(endpoint=settings.tracing_endpoint, project=settings.tracing_project, key=key)
