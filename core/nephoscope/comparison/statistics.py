"""How sure one can be of what was counted: intervals, tests that pair by unit, tiers of those nobody can tell apart. By SciPy and statsmodels.

A *unit* is one variant of one scenario; everybody meets the same units, so contestants are compared unit by unit. Units of one scenario share
an account and are no independent evidence: where it matters, scenarios are resampled as wholes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from itertools import combinations
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVEL = 0.95
ALPHA = 0.05
POWER = 0.8
RESAMPLES = 2_000
SEED = 20261129
EXTRA = "pip install 'nephoscope[compare]'"

Results = Mapping[str, Sequence[bool]]
"""Unit → whether each repeat was right. A unit is called ``scenario/variant``."""


class Interval(Frozen):
    """A number and where it truly lies in 95 of 100 cases. ``None``: nobody can say."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Pair(Frozen):
    """Two contestants on the units that both have. ``better_units``: where only the left one was right; ``p`` after Holm's correction."""

    left: str
    right: str
    units: int
    better_units: int
    worse_units: int
    difference: Interval
    p_exact: float
    p: float = 1.0
    apart: bool = False
    more_scenarios: int | None = None
    """About so many more are needed to tell them apart, were the difference as seen; ``None``: they are apart, or no difference was seen."""


def need() -> None:
    """Raises ``UsageError`` where the libraries are not installed."""
    missing = [name for name in ("scipy", "statsmodels") if find_spec(name) is None]
    if missing:
        raise UsageError(f"comparing needs {' and '.join(missing)}, which is not installed", EXTRA)


def scenario_of(unit: str) -> str:
    """The scenario that a unit is a variant of."""
    return unit.partition("/")[0]


def success(results: Results) -> Interval:
    """Share of right answers with Wilson's interval, over as many trials as these are worth.

    Repeats of a unit and variants of a scenario tend to agree: with what they repeat of one another taken out (the design effect of
    clustered samples), so many independent trials are left.
    """
    from statsmodels.stats.proportion import proportion_confint

    outcomes = [[float(one) for unit in units for one in results[unit]] for units in _by_scenario(results)]
    number = sum(map(len, outcomes))
    if not number:
        return Interval(value=None)
    share = sum(map(sum, outcomes)) / number
    worth = max(1.0, number / _design_effect(outcomes))
    low, high = proportion_confint(share * worth, worth, alpha=1 - LEVEL, method="wilson")
    return Interval(value=share, low=float(low), high=float(high))


def pass_at(results: Results, k: int) -> float | None:
    """Chance that at least one of ``k`` tries is right, unbiased: the mean over units of 1 - C(n-c, k) / C(n, k)."""
    shares = [1 - math.comb(len(tries) - sum(tries), k) / math.comb(len(tries), k) for tries in results.values() if len(tries) >= k]
    return sum(shares) / len(shares) if shares else None


def pass_all(results: Results, k: int) -> float | None:
    """Chance that all of ``k`` tries are right, unbiased: the mean over units of C(c, k) / C(n, k)."""
    shares = [math.comb(sum(tries), k) / math.comb(len(tries), k) for tries in results.values() if len(tries) >= k]
    return sum(shares) / len(shares) if shares else None


def ratio(above: Mapping[str, float], below: Mapping[str, float]) -> Interval:
    """Sum over sum, such as dollars per success, with an interval from resampled scenarios. By scenario."""
    import numpy as np
    from scipy.stats import bootstrap

    names = sorted({*above, *below})
    tops, bottoms = np.array([above.get(one, 0.0) for one in names]), np.array([below.get(one, 0.0) for one in names])
    if not names or not bottoms.sum():
        return Interval(value=None)
    value = float(tops.sum() / bottoms.sum())
    if len(names) < 2 or not tops.any():
        return Interval(value=value)

    def share(top: NDArray[Any], bottom: NDArray[Any], axis: int = -1) -> NDArray[Any]:
        total = bottom.sum(axis=axis)
        return np.where(total > 0, top.sum(axis=axis) / np.where(total > 0, total, 1), np.inf)

    with np.errstate(invalid="ignore"):  # where no resampled scenario is right, a success has no price
        found = bootstrap(
            (tops, bottoms), share, paired=True, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile", rng=np.random.default_rng(SEED)
        )
    low, high = (float(one) for one in found.confidence_interval)
    return Interval(value=value, low=low if math.isfinite(low) else None, high=high if math.isfinite(high) else None)


def difference(left: Results, right: Results) -> Interval:
    """How much more often the left one is right, on the units both have: a bootstrap that resamples scenarios, paired."""
    import numpy as np
    from scipy.stats import bootstrap

    shared = {unit: _share(left[unit]) - _share(right[unit]) for unit in left if unit in right}
    scenarios: dict[str, list[float]] = {}
    for unit, gap in shared.items():
        scenarios.setdefault(scenario_of(unit), []).append(gap)
    if not shared:
        return Interval(value=None)
    sums = np.array([sum(gaps) for gaps in scenarios.values()])
    counts = np.array([float(len(gaps)) for gaps in scenarios.values()])
    value = float(sums.sum() / counts.sum())
    if len(scenarios) < 2 or not (np.ptp(sums) or np.ptp(counts)):
        return Interval(value=value)

    def mean(total: NDArray[Any], count: NDArray[Any], axis: int = -1) -> Any:
        return total.sum(axis=axis) / count.sum(axis=axis)

    found = bootstrap(
        (sums, counts), mean, paired=True, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile", rng=np.random.default_rng(SEED)
    )
    low, high = (float(one) for one in found.confidence_interval)
    return Interval(value=value, low=low, high=high)


def pairs(everybody: Mapping[str, Results]) -> list[Pair]:
    """Every two contestants, with Holm's correction over all of them."""
    from statsmodels.stats.multitest import multipletests

    found = [_pair(left, right, everybody[left], everybody[right]) for left, right in combinations(everybody, 2)]
    if not found:
        return []
    _, corrected, _, _ = multipletests([one.p_exact for one in found], alpha=ALPHA, method="holm")
    return [_judged(one, float(p), everybody[one.left]) for one, p in zip(found, corrected, strict=True)]


def tiers(everybody: Mapping[str, Results], compared: Sequence[Pair]) -> dict[str, int]:
    """Tier of each, 1 the best: the best of a tier and all that cannot be told from it share one."""
    apart = {frozenset((one.left, one.right)) for one in compared if one.apart}
    order = sorted(everybody, key=lambda name: (-_mean(everybody[name]), name))
    found: dict[str, int] = {}
    while order:
        best = order[0]
        same = [name for name in order if name == best or frozenset((best, name)) not in apart]
        level = max(found.values(), default=0) + 1
        found |= dict.fromkeys(same, level)
        order = [name for name in order if name not in same]
    return found


def exact(better: int, worse: int) -> float:
    """McNemar's exact test: how surprising so uneven a split would be between equals."""
    from statsmodels.stats.contingency_tables import mcnemar

    return float(mcnemar([[0, better], [worse, 0]], exact=True).pvalue) if better + worse else 1.0


def more_needed(units: int, better: int, worse: int) -> int | None:
    """About so many more units until McNemar's test sees a difference like this with four chances in five (Connor's formula)."""
    from scipy.stats import norm

    gap, sum_ = (better - worse) / units, (better + worse) / units
    if not gap:
        return None
    wanted = (norm.ppf(1 - ALPHA / 2) * math.sqrt(sum_) + norm.ppf(POWER) * math.sqrt(max(0.0, sum_ - gap**2))) ** 2 / gap**2
    return max(1, math.ceil(float(wanted)) - units)


def _pair(left: str, right: str, lefts: Results, rights: Results) -> Pair:
    shared = [unit for unit in lefts if unit in rights]
    better = sum(_passed(lefts[unit]) and not _passed(rights[unit]) for unit in shared)
    worse = sum(_passed(rights[unit]) and not _passed(lefts[unit]) for unit in shared)
    gap = difference(lefts, rights)
    return Pair(
        left=left, right=right, units=len(shared), better_units=better, worse_units=worse, difference=gap, p_exact=exact(better, worse)
    )  # fmt: skip


def _judged(pair: Pair, p: float, results: Results) -> Pair:
    """Apart only where both say so: the exact test after correction, and the interval that knows of shared accounts."""
    gap = pair.difference
    clear = gap.low is not None and gap.high is not None and (gap.low > 0 or gap.high < 0)
    apart = p < ALPHA and (clear or gap.low is None)
    units = more_needed(pair.units, pair.better_units, pair.worse_units) if pair.units and not apart else None
    scenarios = len({scenario_of(unit) for unit in results})
    more = None if units is None else max(1, math.ceil(units * scenarios / max(1, len(results))))
    return pair.model_copy(update={"p": min(1.0, p), "apart": apart, "more_scenarios": more})


def _design_effect(clusters: Sequence[Sequence[float]]) -> float:
    """How many times more trials there are than independent ones, by the analysis of variance between and within clusters."""
    sizes = [len(one) for one in clusters]
    number, groups = sum(sizes), len(sizes)
    if groups < 2 or number == groups:
        return 1.0
    grand = sum(map(sum, clusters)) / number
    means = [sum(one) / len(one) for one in clusters]
    between = sum(size * (mean - grand) ** 2 for size, mean in zip(sizes, means, strict=True)) / (groups - 1)
    within = sum((x - mean) ** 2 for one, mean in zip(clusters, means, strict=True) for x in one) / (number - groups)
    usual = (number - sum(size**2 for size in sizes) / number) / (groups - 1)
    spread = between + (usual - 1) * within
    alike = max(0.0, min(1.0, (between - within) / spread)) if spread else 0.0
    return 1 + (sum(size**2 for size in sizes) / number - 1) * alike


def _by_scenario(results: Results) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for unit in results:
        groups.setdefault(scenario_of(unit), []).append(unit)
    return list(groups.values())


def _share(tries: Sequence[bool]) -> float:
    return sum(tries) / len(tries) if tries else 0.0


def _passed(tries: Sequence[bool]) -> bool:
    """A unit counts for the exact test when more than half of its repeats are right."""
    return 2 * sum(tries) > len(tries)


def _mean(results: Results) -> float:
    tries = [one for each in results.values() for one in each]
    return _share(tries)
