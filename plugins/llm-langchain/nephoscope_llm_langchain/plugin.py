"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import LLMBackend
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_backends() -> Sequence[LLMBackend]:
    from nephoscope_llm_langchain.backend import LangChainBackend

    return [LangChainBackend()]
