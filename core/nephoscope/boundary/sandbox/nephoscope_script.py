"""What a script may say and ask; one file without dependencies, usable with and without Nephoscope around it.

Inside the sandbox a statement is one JSON object per line on the descriptor named by ``NEPHOSCOPE_STATEMENTS``; anywhere else it is
printed, so an exported script still shows what it would have stated.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any


def state(  # noqa: PLR0917 - a script's own vocabulary
    subject: Mapping[str, str], attribute: str, value: Any, operation: str, expr: str, params: Mapping[str, Any] | None = None
) -> None:
    """Claim that an attribute of a subject has a value because ``expr`` over the replies to ``operation`` (``service:Operation``) says so.

    ``subject`` is ``{"type": ..., "id": ...}``.

    The claim is worth nothing by itself: the expression is evaluated again over the recorded replies.
    """
    source = {"operation": operation, "expr": expr, **({"params": dict(params)} if params else {})}
    line = json.dumps({"subject": subject, "attribute": attribute, "value": value, "from": source}, default=str) + "\n"
    descriptor = os.environ.get("NEPHOSCOPE_STATEMENTS")
    if descriptor is None:
        sys.stdout.write(line)
    else:
        _write_all(int(descriptor), line.encode())


def params() -> dict[str, Any]:
    """The parameters the script was given; empty when it runs by itself."""
    given: dict[str, Any] = json.loads(os.environ.get("NEPHOSCOPE_PARAMS") or "{}")
    return given


def now() -> str:
    """The step's time in ISO 8601, whole minutes, UTC; the clock's when the script runs by itself."""
    clock = datetime.now(timezone.utc).replace(second=0, microsecond=0)  # noqa: UP017 - exported scripts may meet an older Python
    return os.environ.get("NEPHOSCOPE_NOW") or clock.isoformat().replace("+00:00", "Z")


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
