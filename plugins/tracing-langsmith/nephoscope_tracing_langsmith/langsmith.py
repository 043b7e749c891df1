"""Traces in LangSmith."""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces import UsageError
from nephoscope.interfaces.tracing import Link, Scrub, scrubbed
from nephoscope.models import Contest, TracedRun, TraceTarget
from nephoscope_tracing_langsmith.patience import within

if TYPE_CHECKING:
    from langsmith import Client

OWN_ENDPOINT = "https://api.smith.langchain.com"
_KEYS = ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY")
_LINKING, _FLUSHING = 0.8, 1.0
"""Seconds. Together with what goes round them they stay below two."""
_STRUCTURE = frozenset({"id", "trace_id", "parent_run_id", "dotted_order", "session_id", "start_time", "end_time", "run_type", "session_name"})
"""What holds a trace together, and no word of anybody's."""
_NOTHING: Mapping[str, Any] = {"serialized": None, "attachments": {}}
"""How the model is reached, and files: of no use in a trace."""
_OURS = ("LANGSMITH_", "LANGCHAIN_")
_MOST_TEXT = 20_000


class LangSmithTracer:
    """Needs a key for LangSmith's own endpoint: ``keys.langsmith``, or ``LANGSMITH_API_KEY``."""

    @property
    def name(self) -> str:
        return "langsmith"

    @contextlib.contextmanager
    def trace(self, run: TracedRun, target: TraceTarget, scrub: Scrub) -> Iterator[Link]:
        """See :class:`nephoscope.interfaces.tracing.Tracer`."""
        from langsmith import trace, tracing_context

        client = _client(target, scrub)
        root_id = uuid.uuid4()
        try:
            told: Any = {"client": client, "project_name": target.project, "tags": list(run.tags), "metadata": dict(run.metadata)}
            with tracing_context(enabled=True, **told), trace(run.name, run_id=root_id, **told):
                yield lambda: _link(client, target, root_id)
        finally:
            within(_FLUSHING, lambda: client.flush(timeout=_FLUSHING))

    def publish(self, contest: Contest, target: TraceTarget, scrub: Scrub) -> str:
        """See :class:`nephoscope.interfaces.tracing.Experiments`."""
        from langsmith import tracing_context

        from nephoscope_tracing_langsmith.experiments import publish

        client = _client(target, scrub)
        with tracing_context(enabled=False):
            return publish(client, contest, target, scrub)


def _client(target: TraceTarget, scrub: Scrub) -> Client:
    """Daemonised, so that no thread of its holds the process; one try and short waits; nothing about this machine."""
    from langsmith import Client
    from langsmith.utils import get_env_var
    from urllib3.util.retry import Retry

    key = target.key.get_secret_value() if target.key else ""
    own = not target.endpoint or target.endpoint.rstrip("/") == OWN_ENDPOINT
    if own and not key:
        key = next((os.environ[name] for name in _KEYS if os.environ.get(name)), "")
        if not key:
            raise UsageError("LangSmith needs a key, and there is none.", "set LANGSMITH_API_KEY, or keys.langsmith to where it is")
    os.environ["LANGSMITH_USE_DAEMON"] = "true"
    get_env_var.cache_clear()  # type: ignore[attr-defined]
    logging.getLogger("langsmith").setLevel(logging.CRITICAL)
    cut = _Cut(scrub)
    return Client(
        api_url=target.endpoint or OWN_ENDPOINT,
        api_key=key or "none",
        anonymizer=cut.fields,
        omit_traced_runtime_info=True,
        process_buffered_run_ops=cut.operations,
        run_ops_buffer_size=20,
        run_ops_buffer_timeout_ms=500,
        timeout_ms=(1000, 1500),
        retry_config=Retry(0),
        tracing_mode="langsmith",
        tracing_sampling_rate=1.0,
        tracing_error_callback=lambda _: None,
    )


class _Cut:
    """Scrubs what is about to leave. The only hook that sees everything is the one for buffered operations."""

    def __init__(self, scrub: Scrub) -> None:
        self._scrub = scrub

    def fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Inputs, outputs and errors, when they are handed over: the second net."""
        return {key: scrubbed(value, self._text) for key, value in data.items()}

    def operations(self, operations: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """Whole operations, in order; what holds the trace together stays as it is."""
        return [{key: value if key in _STRUCTURE else self._field(key, value) for key, value in one.items()} for one in operations]

    def _field(self, key: str, value: Any) -> Any:
        if key == "extra" and isinstance(value, Mapping):
            metadata = {name: one for name, one in dict(value.get("metadata") or {}).items() if not str(name).startswith(_OURS)}
            return scrubbed({**{name: one for name, one in value.items() if name != "runtime"}, "metadata": metadata}, self._text)
        return _NOTHING[key] if key in _NOTHING else scrubbed(value, self._text)

    def _text(self, text: str) -> str:
        cut = self._scrub(text)
        return cut if len(cut) <= _MOST_TEXT else f"{cut[:_MOST_TEXT]}… ({len(cut)} characters)"


def _link(client: Client, target: TraceTarget, root_id: uuid.UUID) -> str:
    """The page of the trace where LangSmith says so in time; else how to find it."""
    page = within(_LINKING, lambda: str(client.read_project(project_name=target.project).url or ""))
    found: Callable[[str], str] = lambda url: f"{url}/r/{root_id}?poll=true"  # noqa: E731
    return found(page) if page else f"LangSmith at {target.endpoint or OWN_ENDPOINT}, project {target.project}, trace {root_id}"
