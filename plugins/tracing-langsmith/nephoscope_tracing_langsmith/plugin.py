"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Tracer
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_tracers() -> Sequence[Tracer]:
    from nephoscope_tracing_langsmith.langsmith import LangSmithTracer
    from nephoscope_tracing_langsmith.otel import OpenTelemetryTracer

    return [LangSmithTracer(), OpenTelemetryTracer()]
