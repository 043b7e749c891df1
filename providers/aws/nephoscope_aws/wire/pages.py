"""Page chains, as the SDK's own paginators know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from nephoscope.models import Call, Json, Reply
from nephoscope_aws.wire.models import operation_model, paginators

_COMMON = ("NextToken", "nextToken", "Marker", "NextMarker", "ContinuationToken")


def page_start(call: Call) -> Mapping[str, Json]:
    """The parameters without a page token."""
    tokens = {name for name, _ in _tokens(call.service, call.operation)}
    return {key: value for key, value in call.params.items() if key not in tokens}


def next_page(reply: Reply) -> Mapping[str, Json] | None:
    """The parameters that ask for the page after this one."""
    import jmespath

    if reply.error is not None or not isinstance(reply.document, dict):
        return None
    more = _paginator(reply.call.service, reply.call.operation).get("more_results")
    if more and not jmespath.search(more, reply.document):
        return None
    found = {}
    for name, expression in _tokens(reply.call.service, reply.call.operation):
        value = jmespath.search(expression, reply.document)
        if value:
            found[name] = value
    return {**page_start(reply.call), **found} if found else None


@cache
def token_names(service: str, operation: str) -> frozenset[str]:
    """Members of a reply that are page tokens: opaque, needed unchanged to go on."""
    return frozenset(word for _, expression in _tokens(service, operation) for word in expression.replace("||", " ").split() if word.isidentifier())


def _tokens(service: str, operation: str) -> Iterator[tuple[str, str]]:
    """Pairs of an input parameter and the expression that finds its value in the page before."""
    page = _paginator(service, operation)
    if page:
        yield from zip(_listed(page["input_token"]), _listed(page["output_token"]), strict=True)
        return
    model = operation_model(service, operation)
    if model is None or model.input_shape is None or model.output_shape is None:
        return
    yield from ((name, name) for name in _COMMON if name in model.input_shape.members and name in model.output_shape.members)


def _paginator(service: str, operation: str) -> Mapping[str, Any]:
    model = paginators(service)
    if model is None:
        return {}
    try:
        config: Mapping[str, Any] = model.get_paginator(operation)
    except ValueError:
        return {}
    return config


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
