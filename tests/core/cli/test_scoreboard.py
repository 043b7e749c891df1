"""The tables of bench at 80 columns: every head and every number is there in full."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("rich")

from rich.console import Console

from nephoscope.cli.scoreboard import confidence, show
from nephoscope.comparison.calibration import Calibration, calibrated
from nephoscope.comparison.scenario import Truth
from nephoscope.comparison.score import Score, outcomes, scores
from nephoscope.comparison.steadiness import Steadiness, steadiness
from nephoscope.comparison.trial import Trial

LONG = "switched off or deleted"


def trial(causes: tuple[str, ...], confidences: tuple[float, ...], *, false: tuple[str, ...] = (), **more: object) -> Trial:
    truth = Truth(verdict="confirmed", causes=("a",))
    blank = Trial(scenario="s", family="reachability", variant="fault", words="w", truth=truth)
    return blank.model_copy(update={"causes": causes, "confidences": confidences, "false_positives": false, **more})


def printed(*args: object, width: int = 80) -> str:
    written = io.StringIO()
    show(*args, console=Console(file=written, width=width), seed=7)  # type: ignore[arg-type]
    return written.getvalue()


def test_nothing_is_cut_off_at_80_columns() -> None:
    wide = Score(
        name=LONG, trials=1234, right=1199, false_positives=321, ungrounded=4321, mutations=5678, fixes=1234, proven=1111, errors=432, calls=123.4,
        seconds=1234.5, median_calls=117.5, idle_share=0.137,
    )  # fmt: skip
    shown = printed([wide], {LONG: {"explained": 1, "inconclusive": 2, "quiet": 3, "wrong": 4, "unbuilt": 5}}, Calibration())
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    heads = "trials right share false errors ungrounded proven calls median idle seconds mutations mutator explained inconclusive quiet wrong unbuilt"
    assert set(heads.split()) <= set(shown.split())
    assert {"1234", "1199", "97.2%", "321", "4321", "5678", "1111/1234", "432", "123.4", "1234.5", "117.5", "14%"} <= set(shown.split())
    assert shown.count(LONG) == 3
    assert "seed 7" in shown


def test_what_real_trials_give_is_shown() -> None:
    trials = [trial(("a",), (0.94,), right=True), trial((), (), error="the emulator broke")]
    shown = printed(scores(trials), outcomes(trials), calibrated(trials))
    assert "mutator" not in shown
    assert "0.9-1.0: 1/1" in shown


def test_confidence_is_held_against_outcomes() -> None:
    sure = [trial(("a",), (0.9,)) for _ in range(9)] + [trial(("a", "b"), (0.9, 0.9), false=("b",))]
    guess = [trial(("a",), (0.6,)), trial(("b",), (0.6,), false=("b",)), trial((), ())]
    found = calibrated(sure + guess)
    assert [(one.low, one.told, one.right, one.confidence) for one in found.bands] == [(0.6, 2, 1, 0.6), (0.9, 11, 10, 0.9)]
    assert found.error == pytest.approx((2 * 0.1 + 11 * abs(0.9 - 10 / 11)) / 13, abs=1e-4)
    assert found.brier == pytest.approx((10 * 0.01 + 0.81 + 0.16 + 0.36) / 13, abs=1e-4)
    assert confidence(found) == "confidence, right of told: 0.6-0.7: 1/2, 0.9-1.0: 10/11; off by 0.02 on average"
    assert confidence(calibrated([])) == "confidence: no cause was told"


@pytest.mark.parametrize(("value", "low"), [(0.0, 0.0), (0.3, 0.3), (0.7, 0.7), (0.99, 0.9), (1.0, 0.9)])
def test_borders_belong_to_the_upper_band(value: float, low: float) -> None:
    (band,) = calibrated([trial(("a",), (value,))]).bands
    assert (band.low, band.told) == (low, 1)


def test_an_answer_that_wavers_is_named() -> None:
    steady = [trial(("a",), (0.9,), right=True) for _ in range(3)]
    wavering = [one.model_copy(update={"variant": "twin"}) for one in (trial((), (), right=True), trial(("b",), (0.9,)), trial((), (), right=True))]
    held = [one.model_copy(update={"split": "held", "words": "others"}) for one in wavering]
    once = [trial((), (), error="the emulator broke").model_copy(update={"scenario": "asked once"})]
    found = steadiness(steady + wavering + held + once)
    assert (found.questions, found.same, [one.variant for one in found.wavering]) == (3, 1, ["twin"]), "of held words only the number is told"
    shown = printed(scores(steady + wavering), {}, Calibration(), found)
    assert "same answer each time: 1 of 3" in shown
    assert "s/twin: 2 x inconclusive: -; 1 x inconclusive: b, not as it is" in shown.replace("\n", " ")


def test_what_was_asked_once_says_nothing_about_wavering() -> None:
    found = steadiness([trial(("a",), (0.9,)), trial(("b",), (0.9,)).model_copy(update={"variant": "twin"})])
    assert found == Steadiness()
    assert "each time" not in printed([], {}, Calibration(), found)


def test_an_error_is_another_answer_than_the_same_verdict_without_one() -> None:
    found = steadiness([trial((), ()), trial((), (), error="the emulator broke")])
    assert found.wavering[0].answers == {"inconclusive: -, not as it is": 1, "error: the emulator broke": 1}
