"""Suite for backends of language models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from nephoscope.interfaces import LLMBackend
from nephoscope.models import Connection, FinishReason
from nephoscope.testing.conformance.base import Suite

KEY = "sk-conformance-7d3f1c9a5b"


class BackendSuite(Suite):
    """``connection``: one that a model can be made of, without network. ``endings``: ``response_metadata`` of replies by how they ended."""

    interface = LLMBackend
    subject: LLMBackend
    connection: Connection | None = None
    endings: Mapping[FinishReason, Mapping[str, Any]] | None = None

    def model(self, key: str = KEY) -> Any:
        """A chat model of the subject that holds a key."""
        return self.subject.chat_model(self.samples("connection").model_copy(update={"key": SecretStr(key)}))

    def test_makes_chat_models(self) -> None:
        """What core's gateway can speak to."""
        from langchain_core.language_models import BaseChatModel

        assert isinstance(self.model(), BaseChatModel)

    def test_models_neither_retry_nor_cache(self) -> None:
        """Core counts, waits and pays for every try; one that it does not see is one too many."""
        model = self.model()
        assert getattr(model, "max_retries", 0) in (0, None)
        assert model.cache in (None, False)

    def test_keys_show_nowhere(self) -> None:
        """Neither in the repr nor in what LangChain would trace."""
        from langchain_core.load import dumps

        model = self.model()
        assert KEY not in repr(model)
        assert KEY not in dumps(model)
        assert KEY not in repr(self.samples("connection").model_copy(update={"key": SecretStr(KEY)}))

    def test_knows_how_replies_end(self) -> None:
        """A reply that was cut off must be told from one that was finished."""
        endings = self.samples("endings")
        assert {"stop", "length"} <= set(endings)
        for ending, metadata in endings.items():
            assert self.subject.finish(metadata) == ending

    def test_what_is_not_its_own_it_does_not_judge(self) -> None:
        """An error of somebody else's is left to core."""
        assert self.subject.fault(ZeroDivisionError("division by zero")) is None
