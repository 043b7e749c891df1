"""What a failed request means: the backend's word first, then what every HTTP client says in its own way."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from nephoscope.interfaces import LLMBackend, NephoscopeError
from nephoscope.models import Fault, FaultKind

MOST_TOLD = 400
_BY_STATUS: Mapping[int, FaultKind] = {
    **dict.fromkeys((400, 422), "invalid"),
    **dict.fromkeys((401, 403), "auth"),
    404: "not_found",
    413: "context",
    429: "rate",
    **dict.fromkeys((408, 409, 425), "transient"),
}
_BY_CLASS: Mapping[str, FaultKind] = {
    "ContextOverflowError": "context",
    "ModelAuthenticationError": "auth",
    "ModelPermissionDeniedError": "auth",
    "ModelRateLimitError": "rate",
    "ModelTimeoutError": "transient",
    "ModelConnectionError": "transient",
    "ModelAPIError": "transient",
    "ModelNotFoundError": "not_found",
    "ModelInvalidRequestError": "invalid",
}
"""Names of the classes that LangChain wraps providers' errors in."""
_LOST = ("timeout", "connect", "remoteprotocol", "protocolerror", "readerror", "writeerror", "networkerror", "incompleteread", "eventstream")
_TOO_LONG = (
    *("context_length_exceeded", "context length", "context window", "prompt is too long", "input is too long"),
    *("too many tokens", "maximum context", "exceeds the available context", "exceed context"),
)


def fault_of(error: BaseException, backend: LLMBackend) -> Fault:
    """The error, classified. Never raises."""
    own = _asked(error, backend)
    if own is not None:
        if own.kind == "invalid" and _too_long(error):
            own = own.model_copy(update={"kind": "context"})
        return own if own.retry_after is not None else own.model_copy(update={"retry_after": retry_after(error)})
    return Fault(kind=_kind(error), message=told(error), retry_after=retry_after(error))


def told(error: BaseException) -> str:
    """One line, never the whole body of a reply."""
    text = error.message if isinstance(error, NephoscopeError) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())[:MOST_TOLD]}"


def retry_after(error: BaseException, now: float | None = None) -> float | None:
    """Seconds to wait, from ``retry-after`` as seconds or as an HTTP date, or ``retry-after-ms``."""
    for headers in (dict(one) for one in _headers(error)):
        low = {str(name).lower(): str(value).strip() for name, value in headers.items()}
        if (milliseconds := _number(low.get("retry-after-ms", ""))) is not None:
            return milliseconds / 1000
        value = low.get("retry-after", "")
        if (seconds := _number(value)) is not None:
            return seconds
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now))
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _asked(error: BaseException, backend: LLMBackend) -> Fault | None:
    try:
        return backend.fault(error)
    except Exception:  # a pack's fault must not hide the provider's
        return None


def _kind(error: BaseException) -> FaultKind:
    chain = list(_chain(error))
    if _too_long(error):
        return "context"
    for one in chain:
        for base in type(one).__mro__:
            if base.__name__ in _BY_CLASS:
                return _BY_CLASS[base.__name__]
        status = _status(one)
        if status is not None and status >= 400:
            return _BY_STATUS.get(status, "transient" if status >= 500 else "invalid")
    for one in chain:
        if isinstance(one, json.JSONDecodeError | UnicodeDecodeError):
            return "malformed"
        if isinstance(one, TimeoutError | ConnectionError) or any(word in type(one).__name__.lower() for word in _LOST):
            return "transient"
    return "unknown"


def _too_long(error: BaseException) -> bool:
    words = " ".join(f"{one} {getattr(one, 'code', '')}" for one in _chain(error)).lower()
    return any(phrase in words for phrase in _TOO_LONG)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    metadata = _metadata(error)
    value = metadata.get("HTTPStatusCode")
    return value if isinstance(value, int) else None


def _headers(error: BaseException) -> Iterator[Any]:
    for one in _chain(error):
        headers = getattr(getattr(one, "response", None), "headers", None)
        if headers is not None:
            yield headers
        if _metadata(one).get("HTTPHeaders"):
            yield _metadata(one)["HTTPHeaders"]


def _metadata(error: BaseException) -> Mapping[str, Any]:
    """SDKs that keep the reply as a dictionary."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata") if isinstance(response, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None
