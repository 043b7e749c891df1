"""Suite for makers of scenarios that nobody has seen."""

from __future__ import annotations

from nephoscope.comparison.scenario import read_scenario
from nephoscope.interfaces import Composer
from nephoscope.testing.conformance.base import Suite

_COUNT = 6


class ComposerSuite(Suite):
    """Needs no samples."""

    interface = Composer
    subject: Composer

    def test_the_same_seed_makes_the_same(self) -> None:
        """And another one makes others."""
        for make in (self.subject.compose, self.subject.mutate):
            assert make(3, _COUNT) == make(3, _COUNT) != make(4, _COUNT)

    def test_what_it_makes_are_scenarios(self) -> None:
        """Each of its own, and a change says what it touches."""
        for make in (self.subject.compose, self.subject.mutate):
            made = [read_scenario(one) for one in make(5, _COUNT)]
            assert len({one.id for one in made}) == _COUNT
        changed = [read_scenario(one) for one in self.subject.mutate(5, _COUNT)]
        assert all(variant.truth.touches for one in changed for variant in one.variants.values())
