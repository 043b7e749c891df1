"""Traces by OpenTelemetry: spans that any OTLP collector takes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces import UsageError
from nephoscope.interfaces.tracing import Link, Scrub
from nephoscope.models import TracedRun, TraceTarget
from nephoscope_tracing_langsmith.patience import within

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackHandler

OWN_ENDPOINT = "http://127.0.0.1:4318"
"""Where collectors listen."""
_FLUSHING = 1.5
_handler: ContextVar[BaseCallbackHandler | None] = ContextVar("nephoscope_otel", default=None)
_hooked: list[bool] = []


class OpenTelemetryTracer:
    """OTLP over HTTP. Talks to no other service, and to no global of OpenTelemetry's."""

    @property
    def name(self) -> str:
        return "otel"

    @contextlib.contextmanager
    def trace(self, run: TracedRun, target: TraceTarget, scrub: Scrub) -> Iterator[Link]:
        """See :class:`nephoscope.interfaces.tracing.Tracer`."""
        provider = _provider(target, scrub)
        from opentelemetry.trace import format_trace_id

        from nephoscope_tracing_langsmith.spans import SpanHandler

        _hook()
        tracer = provider.get_tracer("nephoscope")
        with tracer.start_as_current_span(run.name) as root:
            root.set_attributes({f"nephoscope.{key}": str(value) for key, value in run.metadata.items()} | {"nephoscope.tags": list(run.tags)})
            token = _handler.set(SpanHandler(tracer, root))
            try:
                where = target.endpoint or OWN_ENDPOINT
                yield lambda: f"OpenTelemetry at {where}, trace {format_trace_id(root.get_span_context().trace_id)}"
            finally:
                _handler.reset(token)
                root.end()
                within(_FLUSHING, provider.shutdown)


def _provider(target: TraceTarget, scrub: Scrub) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise UsageError(f"OpenTelemetry is not installed: {error}.", "pip install 'nephoscope[otel]'") from None
    from nephoscope_tracing_langsmith.spans import ScrubbingProcessor

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    headers = {"authorization": f"Bearer {target.key.get_secret_value()}"} if target.key else {}
    exporter = OTLPSpanExporter(endpoint=f"{(target.endpoint or OWN_ENDPOINT).rstrip('/')}/v1/traces", headers=headers, timeout=2)
    # Made by hand, not detected: what the environment says of this machine stays here.
    provider = TracerProvider(resource=Resource({"service.name": "nephoscope", "service.namespace": target.project}), shutdown_on_exit=False)
    provider.add_span_processor(ScrubbingProcessor(BatchSpanProcessor(exporter, schedule_delay_millis=500), scrub))
    return provider


def _hook() -> None:
    """LangChain asks the variable for a handler whenever it begins something; nobody else's context holds one."""
    if not _hooked:
        from langchain_core.tracers.context import register_configure_hook

        register_configure_hook(_handler, inheritable=True)
        _hooked.append(True)
