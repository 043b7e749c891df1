"""A fix tried out on an emulator."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from nephoscope.models.base import Frozen
from nephoscope.models.call import Reply


class Tried(Frozen):
    """What an emulator, seeded from stored replies, answered to the same questions before and after some changes.

    Identifiers in the replies are the account's own again; calls keep the ids of the recorded ones that they repeat.
    """

    before: tuple[Reply, ...] = ()
    after: tuple[Reply, ...] = ()
    lacking: Mapping[str, str] = Field(default_factory=dict)
    """Native type or identifier of what could not be seeded → why."""
    refused: str = ""
    """The change that the emulator did not take, and what it said; empty: it took them all."""
    given: tuple[str, ...] = ()
    """What the replies to changes told that later changes take from: identifiers and addresses that only came with them."""
    seeded: int = 0
    """So many things were built."""
