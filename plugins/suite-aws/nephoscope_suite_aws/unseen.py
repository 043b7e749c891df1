"""Accounts nobody has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nephoscope.models import JsonValue
from nephoscope_suite_aws.composing import composed
from nephoscope_suite_aws.mutating import mutated


class Unseen:
    """Implements :class:`nephoscope.interfaces.Composer` over the scenarios of this pack."""

    name = "aws"

    def compose(self, seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
        return composed(seed, count)

    def mutate(self, seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
        return mutated(seed, count)
