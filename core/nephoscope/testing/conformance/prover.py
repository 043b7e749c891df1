"""Suite for provers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from nephoscope.interfaces import Prover
from nephoscope.models import Change, Identity, Reply, ResourceRef
from nephoscope.testing.conformance.base import Suite

SECONDS = 300.0


class ProverSuite(Suite):
    """``subject``: a prover. ``who``: the account of ``replies``, which show ``thing``; ``change``: something that alters what they show."""

    interface = Prover
    subject: Prover
    who: Identity
    replies: Sequence[Reply]
    thing: ResourceRef
    change: Change

    @pytest.fixture(autouse=True)
    def _closed_at_the_end(self) -> Iterator[None]:
        yield
        self.subject.close()

    def test_builds_from_replies_and_changes_what_it_is_told(self) -> None:
        """The questions come out as recorded, under their own ids, and otherwise once the change is made."""
        self.subject.warm(self.who)
        tried = self.subject.attempt(self.samples("replies"), [self.thing], [], [self.change], SECONDS)
        assert not tried.lacking
        assert not tried.refused
        assert {one.call.id for one in tried.before} <= {one.call.id for one in self.replies}
        assert [one.call for one in tried.before] == [one.call for one in tried.after]
        assert any(one.document != other.document for one, other in zip(tried.before, tried.after, strict=True))

    def test_a_kind_it_cannot_build_is_named(self) -> None:
        """No guess: what has no seeder is said to have none."""
        strange = self.thing.model_copy(update={"native_type": "nobody:knows"})
        tried = self.subject.attempt(self.samples("replies"), [strange], [], [self.change], SECONDS)
        assert "nobody:knows" in tried.lacking

    def test_closes_twice_and_says_what_it_leaves_out(self) -> None:
        """``close`` may be called again; ``incidental`` is a pattern; ``observations`` are operations."""
        self.subject.close()
        self.subject.close()
        re.compile(self.subject.incidental)
        assert all(":" in name for name in self.subject.observations)
