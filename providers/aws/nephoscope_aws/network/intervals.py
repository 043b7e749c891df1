"""Sets of whole numbers kept as sorted, disjoint, inclusive spans: ports, and addresses read as numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Intervals:
    """An immutable set of integers. Build it with :meth:`of`, which sorts and merges."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, *spans: tuple[int, int]) -> Intervals:
        """The union of inclusive ``(low, high)`` spans; empty ones (low > high) count for nothing."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    @classmethod
    def union(cls, parts: Iterable[Intervals]) -> Intervals:
        """Everything that is in any of the parts."""
        return cls.of(*(span for part in parts for span in part.spans))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, number: int) -> bool:
        return any(low <= number <= high for low, high in self.spans)

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals.of(*self.spans, *other.spans)

    def __and__(self, other: Intervals) -> Intervals:
        return Intervals.of(*((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans))

    def __sub__(self, other: Intervals) -> Intervals:
        left = list(self.spans)
        for low, high in other.spans:
            left = [piece for a, b in left for piece in ((a, min(b, low - 1)), (max(a, high + 1), b)) if piece[0] <= piece[1]]
        return Intervals.of(*left)

    def __le__(self, other: Intervals) -> bool:
        return not self - other

    @property
    def size(self) -> int:
        """How many numbers are in it."""
        return sum(high - low + 1 for low, high in self.spans)

    def cut(self, marks: Iterable[Intervals]) -> list[Intervals]:
        """The set in pieces so small that each mark holds a piece wholly or not at all."""
        pieces = [self] if self else []
        for mark in marks:
            pieces = [part for piece in pieces for part in (piece & mark, piece - mark) if part]
        return pieces

    def __str__(self) -> str:
        return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in self.spans) or "none"


NOTHING = Intervals()
