"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.interfaces import LLMBackend
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_backends() -> Sequence[LLMBackend]:
    from nephoscope_llm_anthropic.backend import AnthropicBackend

    return [AnthropicBackend()]


@hookimpl
def nephoscope_register_catalogs() -> Sequence[Path]:
    return [Path(__file__).parent / "catalog"]
