"""Language models: the backend a pack brings, and how the reasoning parts speak to whatever model plays a role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pydantic import BaseModel

from nephoscope.models import Answer, Connection, Fault, FinishReason, Json

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


@runtime_checkable
class LLMBackend(Protocol):
    """One family of providers. Imports its SDK inside methods. Core retries, continues, caches, limits, redacts, prices and records above it."""

    @property
    def name(self) -> str:
        """The prefix in ``name:model``."""

    @property
    def needs_key(self) -> bool:
        """Whether nothing works without a key at the provider's own endpoint; another ``base_url`` never needs one."""

    @property
    def local(self) -> bool:
        """Whether models run on this machine unless a ``base_url`` says otherwise: masking is off by default."""

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """A chat model without retries, cache or tracing of its own. A reply that was cut off is a reply, not an exception.

        Raises ``UsageError`` where the provider's own endpoint is meant and there is no key.
        """

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        """Why the reply ended, from its ``response_metadata``. ``length`` wins over everything else."""

    def fault(self, error: BaseException) -> Fault | None:
        """The backend's own exceptions, classified; ``None``: read it as any HTTP client's."""


class Models(Protocol):
    """The models of a run, by role. Every word to and from them goes through core's gateway."""

    def plays(self, role: str) -> str:
        """``name:model`` that plays the role."""

    def ask(self, role: str, prompt: str, values: Mapping[str, Json], schema: type[BaseModel] | None = None) -> Answer:
        """Render the prompt of that id for the role's model and ask it.

        With ``schema``, ``Answer.value`` is JSON that it validated; a reply that cannot be mended raises. Raises ``ModelError``
        when no answer is to be had, and ``BudgetError`` when tokens or dollars are used up. Never a partial answer.
        """
