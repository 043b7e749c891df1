"""People's own words against one account: what they name, what hurts, what they must not be taken to name, and how much is looked up for it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from words_account import inventory, thing

from nephoscope.models import Problem

HERE = Path(__file__).parent
Understand = Callable[..., tuple[Problem, int]]


def load(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


SAID = load("corpus.yaml")


def named(problem: Problem) -> set[str]:
    return {f"{ref.native_type} {ref.label}" for entity in problem.entities if entity.named for ref in entity.matches}


@pytest.mark.parametrize("first", range(0, len(SAID), 40), ids=lambda first: f"from-{first}")
def test_what_is_named_is_found_and_nothing_else(understand: Understand, first: int) -> None:
    wrong = {}
    for one in SAID[first : first + 40]:
        problem, _ = understand(one["text"])
        if named(problem) != set(one["things"]) or one.get("symptom", problem.symptom) != problem.symptom:
            wrong[one["text"]] = (sorted(named(problem)), problem.symptom)
    assert wrong == {}


def test_half_of_all_words_are_understood_by_a_handful_of_listings(understand: Understand) -> None:
    calls = [understand(one["text"])[1] for one in SAID[::5]]
    assert statistics.median(calls) <= 15, "as many as there are cheap listings"
    assert max(calls) <= 56


@pytest.mark.parametrize("one", load("nobody.yaml"), ids=lambda one: one["text"][:60])
def test_what_is_nobodys_name_is_not_guessed(understand: Understand, one: dict[str, Any]) -> None:
    problem, calls = understand(one["text"])
    assert named(problem) == set(one.get("things", ()))
    assert calls <= one.get("calls", 16)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("checkout fails", {"lambda:function checkout"}),
        ("the ecs service checkout fails", {"ecs:service checkout"}),
        ("checkout can't reach orders-db", {"lambda:function checkout", "ecs:service checkout", "rds:db-instance orders-db"}),
    ],
)
def test_a_name_that_two_things_have_is_left_to_the_evidence_where_the_other_end_matters(understand: Understand, text: str, meant: set[str]) -> None:
    own = {kind: names for kind, names in inventory().items() if kind in ("ecs:cluster", "rds:db-instance")}
    things = {**own, "ecs:service": (thing("ecs:service", "checkout"),), "lambda:function": (thing("lambda:function", "checkout"),)}
    assert named(understand(text, things)[0]) == meant


def test_ten_thousand_names_are_matched_in_hardly_more_time_than_a_thousand_need(understand: Understand) -> None:
    def seconds(count: int) -> float:
        things = {"s3:bucket": tuple(thing("s3:bucket", f"acme-prod-{number:05d}-data") for number in range(count))}
        text = "; ".join(f"acme-prdo-{number:05d}-data lost files" for number in range(0, 400, 7))
        understand("warm up", things)
        started = time.process_time()
        understand(text, things)
        return time.process_time() - started

    assert seconds(8000) < 30 * seconds(800), "not with the product of names and words"
