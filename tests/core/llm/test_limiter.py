"""Requests and tokens per minute, by a clock that tests turn."""

from __future__ import annotations

from dataclasses import dataclass

from nephoscope.llm.card import ModelCard
from nephoscope.llm.limiter import Limiter


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


CARD = ModelCard(id="sky:m", requests_per_minute=3, tokens_per_minute=600)


def test_requests_wait_until_one_is_free_again() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    assert [limiter.take(CARD, 1) for _ in range(3)] == [0, 0, 0]
    assert limiter.take(CARD, 1) == 20
    clock.now = 20
    assert limiter.take(CARD, 1) == 0


def test_tokens_wait_and_nothing_is_taken_meanwhile() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    assert limiter.take(CARD, 500) == 0
    assert limiter.take(CARD, 300) == 20
    assert limiter.take(CARD, 100) == 0
    clock.now = 30
    assert limiter.take(CARD, 300) == 0


def test_more_than_a_minute_holds_waits_for_a_full_one_and_no_longer() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    assert limiter.take(CARD, 6_000) == 0
    limiter.correct(CARD, 6_000, 600)
    assert limiter.take(CARD, 6_000) == 60


def test_what_was_not_used_is_given_back_and_what_was_used_besides_is_taken() -> None:
    limiter = Limiter(Clock())
    limiter.take(CARD, 500)
    limiter.correct(CARD, 500, 100)
    assert limiter.take(CARD, 500) == 0
    limiter.correct(CARD, 500, 700)
    assert limiter.take(CARD, 1) > 0


def test_models_do_not_share_and_a_model_without_limits_never_waits() -> None:
    limiter = Limiter(Clock())
    other = CARD.model_copy(update={"id": "sky:other"})
    assert [limiter.take(CARD, 600), limiter.take(other, 600)] == [0, 0]
    free = ModelCard(id="sky:free")
    assert [limiter.take(free, 1_000_000) for _ in range(50)] == [0] * 50
