"""Replies cut off anywhere come together exactly, or are refused; no line is lost or doubled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from nephoscope.interfaces import ModelError
from nephoscope.llm.continuing import MARK, Pieces, cut
from nephoscope.llm.gateway import _is_json, _is_whole

CODE = """Here is the script:
```python
import boto3

def pages(client):
    for page in client.get_paginator("list_buckets").paginate():
        for bucket in page["Buckets"]:
            yield bucket["Name"]
        for bucket in page["Buckets"]:
            yield bucket["Name"]


print("ü🔥 done")
print("x")
print("x")
print("x")
```
"""
OBJECT = {"decision": "checks", "why": 'say "so" – ü🔥', "checks": [{"id": "a", "n": [1, 1, 1, 1]}, {"id": "a", "n": [1, 1, 1, 1]}], "end": {}}
PRETTY = json.dumps(OBJECT, indent=2, ensure_ascii=False)
DENSE = json.dumps(OBJECT, separators=(",", ":"))
FENCED = f"```json\n{PRETTY}\n```"
CORPUS = {"code": CODE, "pretty": PRETTY, "dense": DENSE, "fenced": FENCED}
TOLD = ["as told", "as told, in a fence", "as told, after words"]
OTHERWISE = ["without a word", "from the line", "from the start", "elsewhere", "nothing", "with an overlap", "after a phrase"]
HABITS = [*TOLD, *OTHERWISE]


def goes_on(habit: str, whole: str, so_far: str, place: Any) -> str:
    rest = whole[len(place.kept) :]
    return {
        "as told": f"{MARK}\n{place.anchor}{rest}",
        "as told, in a fence": f"```python\n{MARK}\n{place.anchor}{rest}",
        "as told, after words": f"Sure, here is the rest:\n{MARK}\n\n{place.anchor}{rest}",
        "without a word": whole[len(so_far) :],
        "from the line": whole[so_far.rfind("\n") + 1 :],
        "from the start": whole,
        "with an overlap": whole[max(0, len(so_far) - 24) :],
        "after a phrase": "Continuing from where I stopped:\n" + whole[len(so_far) :],
        "elsewhere": "The rest is obvious.",
        "nothing": "",
    }[habit]


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("kind", CORPUS)
def test_cut_at_every_byte_it_is_exact_or_refused(kind: str, habit: str) -> None:
    whole = CORPUS[kind]
    raw = whole.encode()
    check = _is_whole if kind == "code" else _is_json
    exact = refused = 0
    for offset in range(1, len(raw)):
        came = raw[:offset].decode("utf-8", "replace")
        pieces = Pieces(came)
        place = pieces.place()
        assert place is None or whole.startswith(place.kept)
        fits = place is not None and pieces.add(place, goes_on(habit, whole, place.text, place))
        joined = pieces.whole(check) if fits else None
        if joined is None:
            refused += 1
        else:
            exact += 1
            assert joined.strip() == whole.strip(), (offset, joined)
    if habit.startswith("as told"):
        assert refused == 0
    elif habit == "from the start":
        assert exact > refused
    elif habit == "with an overlap":
        assert exact > 0
    elif habit == "elsewhere":
        assert exact == 0


@pytest.mark.parametrize("kind", CORPUS)
@pytest.mark.parametrize("size", [31, 64, 150])
def test_many_pieces_come_together(bench: Any, kind: str, size: int) -> None:
    whole = CORPUS[kind]
    pieces = len(whole) // size
    if pieces > 8:
        pytest.skip("more rounds than are allowed; refused, as another test shows")
    seat = bench.seat({"text": whole, "cut": size + 160})
    answer = bench.gateway(seat).ask("coder", "test.say", {"words": "go"})
    assert answer.text == whole
    assert answer.usage.output == sum(call.usage.output for call in bench.store.model_calls())


def test_rounds_are_bounded(bench: Any) -> None:
    long = "".join(f"line {number}\n" for number in range(400))
    with pytest.raises(ModelError, match="cut off"):
        bench.gateway(bench.seat({"text": long, "cut": 60})).ask("coder", "test.say", {"words": "go"})
    assert len(bench.store.model_calls()) <= 10


def test_what_repeats_itself_through_and_through_is_refused_not_guessed() -> None:
    assert cut("x\n" * 2_000) is None
    pieces = Pieces("x\n" * 20)
    place = pieces.place()
    assert place is None or (pieces.add(place, "x\n" * 5) and pieces.whole(lambda _: False) is None)


class Said(BaseModel):
    decision: str
    why: str
    checks: list[Any]
    end: dict[str, Any]


@pytest.mark.parametrize("habit", ["as told", "without a word", "from the line", "from the start"])
@pytest.mark.parametrize("offset", [40, 75, 110, 140])
def test_an_object_that_was_cut_off_is_validated_whole(bench: Any, habit: str, offset: int) -> None:
    seat = bench.seat({"text": PRETTY, "cut": offset, "goes_on": habit})
    seat.card = seat.card.model_copy(update={"reply": 8192})
    try:
        answer = bench.gateway(seat).ask("planner", "test.say", {"words": "go"}, Said)
    except ModelError as error:
        assert error.kind == "malformed"
    else:
        assert answer.value == OBJECT


def test_all_thoughts_and_no_answer_gets_more_room(bench: Any) -> None:
    seat = bench.seat({"text": "", "finish": "length", "times": 1}, {"text": "now"}, reply=500, output=5_000)
    assert bench.gateway(seat).ask("planner", "test.say", {"words": "go"}).text == "now"
