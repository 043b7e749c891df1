"""LangChain's callbacks as spans in the words of OpenTelemetry's conventions for generative models, and their scrubbing."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Span as AnySpan
from opentelemetry.trace import Status, StatusCode, Tracer, set_span_in_context

from nephoscope.interfaces.tracing import Scrub, scrubbed

_MOST_TEXT = 20_000


class SpanHandler(BaseCallbackHandler):
    """One span for every node of the loop and every request to a model, below a root."""

    def __init__(self, tracer: Tracer, root: AnySpan) -> None:
        self._tracer = tracer
        self._root = root
        self._spans: dict[UUID, AnySpan] = {}
        self._lock = threading.Lock()

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any) -> None:
        self._begin(str(kwargs.get("name") or "chain"), run_id, parent_run_id, {})

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, error)

    def on_chat_model_start(
        self, serialized: Any, messages: list[list[BaseMessage]], *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        told = kwargs.get("metadata") or {}
        model = str(told.get("ls_model_name") or "unknown")
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": str(told.get("ls_provider") or "unknown"),
            "gen_ai.request.model": model,
        }
        if told.get("ls_temperature") is not None:
            attributes["gen_ai.request.temperature"] = float(told["ls_temperature"])
        if told.get("ls_max_tokens") is not None:
            attributes["gen_ai.request.max_tokens"] = int(told["ls_max_tokens"])
        span = self._begin(f"chat {model}", run_id, parent_run_id, attributes)
        for message in messages[0] if messages else ():
            span.add_event(f"gen_ai.{message.type}.message", {"content": str(message.text)[:_MOST_TEXT]})

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        span = self._spans.get(run_id)
        message = getattr(response.generations[0][0], "message", None) if response.generations and response.generations[0] else None
        if span is not None and message is not None:
            span.set_attributes(_answered(message))
            span.add_event("gen_ai.choice", {"content": str(message.text)[:_MOST_TEXT]})
        self._end(run_id)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        self._end(run_id, error)

    def _begin(self, name: str, run_id: UUID, parent_run_id: UUID | None, attributes: dict[str, Any]) -> AnySpan:
        with self._lock:
            parent = self._spans.get(parent_run_id) if parent_run_id else None
            span = self._tracer.start_span(name, set_span_in_context(parent or self._root), attributes=attributes)
            self._spans[run_id] = span
        return span

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        with self._lock:
            span = self._spans.pop(run_id, None)
        if span is not None:
            if error is not None:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR, str(error)[:_MOST_TEXT]))
            span.end()


def _answered(message: Any) -> dict[str, Any]:
    usage = message.usage_metadata or {}
    told = message.response_metadata or {}
    reason = told.get("finish_reason") or told.get("stop_reason") or told.get("stopReason") or told.get("done_reason") or told.get("status")
    return {
        "gen_ai.usage.input_tokens": int(usage.get("input_tokens") or 0),
        "gen_ai.usage.output_tokens": int(usage.get("output_tokens") or 0),
        "gen_ai.response.model": str(told.get("model_name") or told.get("model") or ""),
        **({"gen_ai.response.finish_reasons": [str(reason)]} if reason else {}),
    }


class ScrubbingProcessor(SpanProcessor):
    """Hands a scrubbed copy of each ended span on: a span that has ended cannot be changed, and one that has not is not complete."""

    def __init__(self, inner: SpanProcessor, scrub: Scrub) -> None:
        self._inner = inner
        self._scrub = scrub

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing leaves yet."""

    def on_end(self, span: ReadableSpan) -> None:
        self._inner.on_end(self._copy(span))

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)

    def _copy(self, span: ReadableSpan) -> ReadableSpan:
        status = Status(span.status.status_code, self._scrub(span.status.description) if span.status.description else None)
        return ReadableSpan(
            name=self._scrub(span.name),
            context=span.get_span_context(),
            parent=span.parent,
            resource=span.resource,
            attributes=self._attributes(span.attributes),
            events=[Event(self._scrub(one.name), self._attributes(one.attributes), one.timestamp) for one in span.events],
            links=(),
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attributes(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        return {self._scrub(key): _listed(scrubbed(value, self._scrub)) for key, value in (attributes or {}).items()}


def _listed(value: Any) -> Any:
    """Attributes hold texts, numbers and lists of them."""
    return [str(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
