"""Asking a model: the answer, the shape, the record, the money, what is done when something fails."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from nephoscope.interfaces import BudgetError, ModelError, UsageError
from nephoscope.models import Budget


class Choice(BaseModel):
    """What the model is to answer."""

    decision: Literal["go", "stop"]
    why: str = ""


def ask(gateway: Any, words: str = "what now?", schema: type[BaseModel] | None = None, role: str = "planner") -> Any:
    return gateway.ask(role, "test.say", {"words": words}, schema)


def test_an_answer_in_words_is_recorded_with_what_it_cost(bench: Any) -> None:
    seat = bench.seat({"text": "hello"}, prices={"input": 1, "output": 2, "source": "test", "dated": "2026-11"})
    answer = ask(bench.gateway(seat))
    assert (answer.text, answer.model, answer.cached) == ("hello", seat.name, False)
    (call,) = bench.store.model_calls()
    assert (call.role, call.prompt, call.error, call.price) == ("planner", "test.say@3", "", "test, 2026-11")
    assert call.usage == answer.usage
    assert call.usd == answer.usd == bench.wallet.spent_usd > 0
    assert bench.wallet.reserved == pytest.approx(0)
    assert b"what now?" in bench.store.blobs.get(call.request)
    assert b"hello" in bench.store.blobs.get(call.reply)


def test_the_same_question_is_answered_from_the_record(bench: Any) -> None:
    lines = [{"text": "first", "times": 1}, {"text": "second"}]
    gateway = bench.gateway(bench.seat(*lines))
    assert [ask(gateway).text for _ in range(2)] == ["first", "first"]
    again = bench.gateway(bench.seat(*lines))
    answer = ask(again)
    assert (answer.text, answer.cached, answer.usd, answer.usage.input) == ("first", True, 0.0, 0)
    assert len(bench.store.model_calls()) == 1
    assert ask(again, "something else").text == "second"
    assert ask(bench.gateway(bench.seat(*lines), repeat=1)).text == "second"


@pytest.mark.parametrize(
    "text",
    [
        '{"decision": "go"}',
        'Sure!\n```json\n{"decision": "go"}\n```\nAnything else?',
        'I think {braces} matter. {"other": 1} {"decision": "go", "why": "so"} is it.',
        '<think>{"decision": "stop"}</think>\n{"decision": "go"}',
    ],
)
def test_json_is_found_in_what_models_say(bench: Any, text: str) -> None:
    answer = ask(bench.gateway(bench.seat({"text": text})), schema=Choice)
    assert answer.value["decision"] == "go"


def test_a_reply_that_does_not_fit_is_asked_for_again_with_the_fault(bench: Any) -> None:
    seat = bench.seat({"when": {"last": ["decision: Input should be 'go' or 'stop'"]}, "json": {"decision": "stop"}}, {"json": {"decision": "run"}})
    answer = ask(bench.gateway(seat), schema=Choice)
    assert answer.value == {"decision": "stop", "why": ""}
    calls = bench.store.model_calls()
    assert len(calls) == 2
    assert answer.usage.input == sum(call.usage.input for call in calls)


def test_a_model_that_never_fits_is_given_up(bench: Any) -> None:
    with pytest.raises(ModelError, match="no usable answer") as caught:
        ask(bench.gateway(bench.seat({"text": "no idea"})), schema=Choice)
    assert caught.value.kind == "malformed"
    assert len(bench.store.model_calls()) == 3


def test_rates_are_waited_for_as_long_as_is_asked(bench: Any) -> None:
    seat = bench.seat({"trouble": {"kind": "rate", "retry_after": 0.3}, "times": 2}, {"text": "at last"})
    assert ask(bench.gateway(seat)).text == "at last"
    assert [call.error for call in bench.store.model_calls()] == ["rate", "rate", ""]
    assert bench.slept


def test_what_asking_again_does_not_help_is_not_asked_again(bench: Any) -> None:
    for kind in ("auth", "not_found", "context", "unknown"):
        with pytest.raises(ModelError) as caught:
            ask(bench.gateway(bench.seat({"trouble": {"kind": kind}}, name=kind)))
        assert caught.value.kind == kind
    assert len(bench.store.model_calls()) == 4


def test_a_wait_longer_than_the_run_is_not_begun(bench: Any) -> None:
    seat = bench.seat({"trouble": {"kind": "rate", "retry_after": 9000}})
    with pytest.raises(ModelError, match="longer than is left"):
        ask(bench.gateway(seat))
    assert not bench.slept


def test_the_next_model_of_the_role_is_asked(bench: Any) -> None:
    first, second = bench.seat({"trouble": {"kind": "auth"}}, name="a"), bench.seat({"text": "from b"}, name="b")
    gateway = bench.gateway(second, roles={"planner": [first]})
    assert gateway.plays("planner") == first.name
    assert gateway.plays("coder") == second.name
    assert (ask(gateway).text, ask(gateway).model) == ("from b", second.name)
    assert "the next model" in bench.notices[0]


def test_the_token_budget_is_never_passed(bench: Any) -> None:
    bench.budget = Budget(tokens=3_000)
    gateway = bench.gateway(bench.seat({"text": "word " * 400}))
    with pytest.raises(BudgetError, match="--max-tokens"):
        for number in range(100):
            ask(gateway, f"question {number}")
    used = sum(call.usage.input + call.usage.output for call in bench.store.model_calls())
    assert 1_000 < used <= 3_000


def test_dollars_are_set_aside_before_and_the_reply_is_shortened_to_fit(bench: Any) -> None:
    bench.wallet.usd = 0.05
    gateway = bench.gateway(bench.seat({"text": "word " * 200}, prices={"input": 10, "output": 50, "source": "t", "dated": "2026-11"}))
    with pytest.raises(BudgetError, match="--max-usd"):
        for number in range(100):
            ask(gateway, f"question {number}")
    assert 0.02 < bench.wallet.spent_usd <= 0.05
    assert bench.wallet.reserved == pytest.approx(0)


def test_an_unknown_price_is_unknown(bench: Any) -> None:
    answer = ask(bench.gateway(bench.seat({"text": "x"}, free=False)))
    assert answer.usd is None
    assert bench.store.model_calls()[0].usd is None


def test_no_seconds_left_no_question(bench: Any) -> None:
    bench.seconds = 0
    with pytest.raises(BudgetError, match="--max-seconds"):
        ask(bench.gateway(bench.seat({"text": "x"})))
    assert bench.store.model_calls() == []


def test_a_killed_request_is_charged_when_the_run_goes_on(bench: Any) -> None:
    seat = bench.seat({"text": "x"}, prices={"input": 10, "output": 50, "source": "t", "dated": "2026-11"})
    gateway = bench.gateway(seat)
    seat.exchange.send = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(gateway)
    assert bench.wallet.spent_usd == 0
    gateway._caller.reconcile()
    assert bench.wallet.spent_usd == pytest.approx(bench.store.model_calls()[0].usd)
    assert bench.wallet.spent_usd > 0


def test_a_filter_is_told_as_one(bench: Any) -> None:
    with pytest.raises(ModelError, match="filter") as caught:
        ask(bench.gateway(bench.seat({"text": "", "finish": "blocked"})))
    assert caught.value.kind == "blocked"


def test_a_script_without_a_fitting_line_says_so(bench: Any) -> None:
    with pytest.raises(ModelError, match="no line for this request"):
        ask(bench.gateway(bench.seat({"when": {"contains": ["weather"]}, "text": "x"})))


def test_a_prompt_that_is_not_there_is_our_error_not_the_models(bench: Any) -> None:
    with pytest.raises(UsageError, match="no prompt"):
        bench.gateway(bench.seat({"text": "x"})).ask("planner", "no.such", {})
