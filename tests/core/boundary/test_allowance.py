"""A script that asks for too much of the clouds is ended, and its result says which limit it was."""

from __future__ import annotations

import pytest

from nephoscope.models import Limits


@pytest.mark.parametrize(
    ("limits", "asks", "named"),
    [
        ({"calls": 5}, "get(f'ponds/pond-{number % 5 + 1}')", "calls"),
        ({"paid_calls": 2}, "get(f'logs?page=p{number}')", "paid_calls"),
    ],
)
def test_too_many_calls_end_a_script(start, opening, store_script, brook, limits, asks, named):
    source = f"import time\nfor number in range(60):\n    {asks}\n    time.sleep(0.02)\ntime.sleep(60)\n"
    boundary = start()
    boundary.open(opening.model_copy(update={"limits": Limits(seconds=50, **limits)}))
    result = boundary.execute(1, 1, store_script(source), "template:test")
    assert (result.status, result.limit_hit) == ("killed", named), result
    assert named.replace("_", " ") in result.failure.message
    assert result.seconds < 40
    if named == "calls":
        assert len(result.calls) <= 5


def test_within_its_limits_it_ends_by_itself(start, opening, store_script):
    boundary = start()
    boundary.open(opening.model_copy(update={"limits": Limits(seconds=50, calls=5)}))
    result = boundary.execute(1, 1, store_script("for number in range(1, 6): get(f'ponds/pond-{number}')\n"), "template:test")
    assert (result.status, result.limit_hit, len(result.calls)) == ("ok", None, 5), result
