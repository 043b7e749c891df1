"""Both tracers keep the contract."""

from __future__ import annotations

from nephoscope.models import TraceTarget
from nephoscope.testing.conformance.tracer import TracerSuite
from nephoscope_tracing_langsmith.langsmith import LangSmithTracer
from nephoscope_tracing_langsmith.otel import OpenTelemetryTracer


class TestLangSmith(TracerSuite):
    subject = LangSmithTracer()
    target = TraceTarget(endpoint="http://127.0.0.1:9")


class TestOpenTelemetry(TracerSuite):
    subject = OpenTelemetryTracer()
    target = TraceTarget(endpoint="http://127.0.0.1:9")
