"""What is said of numbers: intervals that hold as often as they claim, pairs told apart only when they are, tiers, and what more it would take."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("statsmodels")

from nephoscope.comparison import statistics

SCENARIOS, VARIANTS = 80, ("fault", "twin", "near_miss")


def drawn(rate: float, dice: random.Random, *, alike: float = 0.0, scenarios: int = SCENARIOS, tries: int = 1) -> dict[str, list[bool]]:
    """A model that is right that often; ``alike``: how much the units of one scenario have to do with one another."""
    found = {}
    for number in range(scenarios):
        luck = dice.random()
        for variant in VARIANTS:
            found[f"s{number}/{variant}"] = [(luck if dice.random() < alike else dice.random()) < rate for _ in range(tries)]
    return found


def everybody(dice: random.Random, **rates: float) -> dict[str, Mapping[str, list[bool]]]:
    return {name: drawn(rate, dice) for name, rate in rates.items()}


@pytest.mark.parametrize("seed", [1, 2])
def test_models_of_60_62_and_90_percent_are_two_tiers(seed: int) -> None:
    known = everybody(random.Random(seed), plain=0.60, other=0.62, best=0.90)
    compared = statistics.pairs(known)
    assert statistics.tiers(known, compared) == {"best": 1, "plain": 2, "other": 2}
    apart = {frozenset((one.left, one.right)): one for one in compared}
    same = apart[frozenset(("plain", "other"))]
    assert not same.apart
    assert same.more_scenarios is None or same.more_scenarios > SCENARIOS
    assert all(one.apart and one.p < 0.001 and one.more_scenarios is None for pair, one in apart.items() if "best" in pair)


@pytest.mark.parametrize(("rate", "alike", "tries"), [(0.6, 0.0, 1), (0.9, 0.0, 1), (0.6, 0.6, 1), (0.75, 0.4, 3)])
def test_intervals_of_success_hold_as_often_as_they_say(rate: float, alike: float, tries: int) -> None:
    dice, held, rounds = random.Random(20261129), 0, 300
    for _ in range(rounds):
        interval = statistics.success(drawn(rate, dice, alike=alike, scenarios=40, tries=tries))
        held += (interval.low or 0) <= rate <= (interval.high or 0)
    assert 0.9 <= held / rounds <= 0.985


def test_intervals_of_differences_and_prices_hold_as_often_as_they_say() -> None:
    dice, rounds, gaps, prices = random.Random(7), 80, 0, 0
    for _ in range(rounds):
        left, right = drawn(0.8, dice, scenarios=40), drawn(0.6, dice, scenarios=40)
        gap = statistics.difference(left, right)
        gaps += (gap.low or -1) <= 0.2 <= (gap.high or 1)
        spent = {f"s{number}": dice.uniform(0.01, 0.03) for number in range(40)}
        price = statistics.ratio(spent, {name: float(dice.random() < 0.5) for name in spent})
        prices += (price.low or 0) <= 0.04 <= (price.high or 9)
    assert gaps / rounds >= 0.88
    assert prices / rounds >= 0.88


def test_equals_are_rarely_told_apart() -> None:
    dice, rounds, apart = random.Random(11), 30, 0
    for _ in range(rounds):
        known = everybody(dice, a=0.7, b=0.7, c=0.7)
        apart += any(one.apart for one in statistics.pairs(known))
    assert apart <= 4, "Holm keeps the chance of any false difference below one in twenty"


def test_the_exact_test_is_that_of_the_books() -> None:
    assert statistics.exact(0, 0) == 1.0
    assert statistics.exact(5, 0) == pytest.approx(2 * 0.5**5)
    assert statistics.exact(10, 2) == pytest.approx(0.03857, abs=1e-4)


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=6), min_size=1, max_size=5))
@settings(max_examples=30, deadline=None)
def test_pass_at_k_and_pass_all_k_are_unbiased(tries: list[list[bool]]) -> None:
    """Both are means over every choice of ``k`` among the tries."""
    from itertools import combinations

    results = {f"s{number}/fault": each for number, each in enumerate(tries)}
    for k in (1, 2, 3):
        some = [sum(any(one) for one in combinations(each, k)) / len(list(combinations(each, k))) for each in tries]
        every = [sum(all(one) for one in combinations(each, k)) / len(list(combinations(each, k))) for each in tries]
        assert statistics.pass_at(results, k) == pytest.approx(sum(some) / len(some))
        assert statistics.pass_all(results, k) == pytest.approx(sum(every) / len(every))


def test_nothing_seen_is_nothing_known() -> None:
    assert statistics.success({}).value is None
    assert statistics.ratio({"s": 0.5}, {"s": 0.0}).value is None, "no success has no price"
    assert statistics.ratio({"s": 0.5}, {"s": 2.0}) == statistics.Interval(value=0.25)
    assert statistics.difference({"a/fault": [True]}, {"b/fault": [True]}).value is None
    assert statistics.pairs({"a": {"s/fault": [True]}}) == []
    assert statistics.pass_at({"s/fault": [True]}, 2) is None


def test_how_many_more_it_takes_gets_fewer_as_the_difference_grows() -> None:
    needed = [statistics.more_needed(40, 8 + more, 8) or 0 for more in (1, 2, 4)]
    assert needed == sorted(needed, reverse=True)
    assert needed[0] > 500
    assert statistics.more_needed(40, 8, 8) is None
