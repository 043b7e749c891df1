"""One request through to its reply: from the record, or sent within what may be spent, retried where that helps, and recorded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, get_args

from nephoscope.interfaces import BudgetError, ModelError, NephoscopeError, Stopped
from nephoscope.llm.cache import ResponseCache
from nephoscope.llm.exchange import tokens
from nephoscope.llm.faults import fault_of
from nephoscope.llm.limiter import Rates
from nephoscope.llm.prices import cost
from nephoscope.llm.request import Reply, Request
from nephoscope.llm.seat import Seat
from nephoscope.llm.tape import Replies
from nephoscope.models import Budget, Fault, FaultKind, Usage
from nephoscope.store import Spent
from nephoscope.store.run import RESPONSE_CACHE, TAPE, ModelCall, RunStore

TRIES: dict[FaultKind, int] = {"rate": 4, "transient": 3, "malformed": 2}
"""How often a request is sent in all. Every other fault stays what it is however often one asks."""
TIMEOUT = 180.0
NOT_RECORDED = "not_recorded"
"""The error of a request that the recorded run never made."""
LEAST_REPLY = 256
"""With room for fewer tokens nothing is asked."""
_FIRST_PAUSE, _MOST_PAUSE = 1.0, 30.0
_SLICE = 0.2


class Purse(Protocol):
    """Where dollars are set aside and taken from."""

    def reserve(self, usd: float) -> str | None: ...
    def settle(self, reserved: float, usd: float) -> None: ...
    def spent(self) -> Spent: ...


@dataclass(frozen=True)
class Purpose:
    """What a request is for: the role, and the prompt with its version."""

    role: str
    prompt: str


@dataclass(frozen=True)
class Answered:
    """A reply, what it cost, and whether it came from the record."""

    reply: Reply
    usd: float | None
    recorded: bool


class Caller:
    """Sends requests of one run. ``seconds_left`` and ``stopped`` are asked again and again."""

    def __init__(
        self,
        record: RunStore,
        purse: Purse,
        budget: Budget,
        limiter: Rates,
        *,
        seconds_left: Callable[[], float],
        stopped: Callable[[], bool] = lambda: False,
        told: Callable[[ModelCall], None] = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
        cassette: RunStore | None = None,
        cache: ResponseCache | None = None,
        tape: Replies | None = None,
    ) -> None:
        """``cassette``: a recorded run that stands for every model; nothing is sent. ``cache``: replies of other runs, where that is wished.

        ``tape``: replies of other runs that count here as they did there.
        """
        self._tape = tape
        self._cache = cache if cassette is None else None
        self._cassette = cassette
        self._record = record
        self._purse = purse
        self._budget = budget
        self._limiter = limiter
        self._seconds_left = seconds_left
        self._stopped = stopped
        self._told = told
        self._sleep = sleep

    def reconcile(self) -> None:
        """Charge what the record holds and the purse does not know: requests under way when a run was killed."""
        recorded = sum(call.usd or 0.0 for call in self._record.model_calls())
        missing = recorded - self._purse.spent().model_usd
        if missing > 1e-9:
            self._purse.settle(0.0, missing)

    @property
    def tokens_left(self) -> int:
        """What the budget still holds."""
        used = sum(call.usage.input + call.usage.output for call in self._record.model_calls())
        return max(0, self._budget.tokens - used)

    def reply(self, seat: Seat, request: Request, purpose: Purpose, most: int) -> Answered:
        """The reply of at most so many tokens. Raises ``ModelError``, ``BudgetError`` and ``Stopped``."""
        known = self._record.model_reply(request.hash)
        if known is not None:
            return Answered(Reply.model_validate(known), 0.0, recorded=True)
        if self._cassette is not None:
            return self._replayed(self._cassette, request)
        if self._tape is not None and (taped := self._taped(self._tape, seat, request, purpose)) is not None:
            return taped
        if self._cache is not None and (kept := self._cache.get(request)) is not None:
            return self._remembered(request, purpose, kept)
        sent = 0
        while True:
            sent += 1
            outcome = self._once(seat, request, purpose, most)
            if isinstance(outcome, Answered):
                if self._cache is not None:
                    self._cache.keep(request, outcome.reply)
                if self._tape is not None:
                    self._tape.keep(request, outcome.reply)
                return outcome
            if sent >= TRIES.get(outcome.kind, 1):
                raise ModelError(f"{seat.name} at {seat.host}: {outcome.message}", _HINTS.get(outcome.kind, ""), kind=outcome.kind)
            self._pause(outcome.retry_after if outcome.retry_after is not None else _backoff(sent), outcome, seat)

    def forget(self, request: Request) -> None:
        """A reply that could not be used is not given to other runs."""
        if self._cache is not None:
            self._cache.forget(request)

    def _remembered(self, request: Request, purpose: Purpose, reply: Reply) -> Answered:
        """A reply of another run; it is recorded as any, and cost nothing here."""
        free = reply.model_copy(update={"usage": Usage(), "estimated": False})
        call = ModelCall(request.hash, purpose.role, purpose.prompt, request.model, Usage(), usd=0.0, price=RESPONSE_CACHE)
        self._record.model_ended(self._record.model_sent(call, request.document), call, free.model_dump(mode="json"))
        self._told(call)
        return Answered(free, 0.0, recorded=True)

    def _taped(self, tape: Replies, seat: Seat, request: Request, purpose: Purpose) -> Answered | None:
        """A recorded reply; it counts as it did when it was recorded, and takes no time."""
        reply = tape.get(request)
        if reply is None and not tape.only:
            return None
        if reply is None:
            raise ModelError(f"{seat.name} is asked something that is not among the recorded replies", "record again", kind="not_found")
        paid = cost(seat.card, reply.usage)
        call = ModelCall(request.hash, purpose.role, purpose.prompt, seat.name, reply.usage, estimated=reply.estimated, usd=paid.usd, price=TAPE)
        self._record.model_ended(self._record.model_sent(call, request.document), call, reply.model_dump(mode="json"))
        self._purse.settle(0.0, paid.usd or 0.0)
        self._told(call)
        return Answered(reply, paid.usd, recorded=False)

    def _replayed(self, cassette: RunStore, request: Request) -> Answered:
        """What became of the same request then, failures included; it costs again what it cost."""
        then = [call for call in cassette.model_calls() if call.request == request.hash]
        for call in then:
            reply = None if call.reply is None else cassette.blobs.get_json(call.reply)
            self._record.model_ended(self._record.model_sent(call, request.document), call, reply)
            self._purse.settle(0.0, call.usd or 0.0)
            self._told(call)
            if reply is not None:
                return Answered(Reply.model_validate(reply), call.usd, recorded=False)
        if not then:
            absent = ModelCall(request.hash, "", "", request.model, Usage(), error=NOT_RECORDED, usd=0.0)
            self._record.model_ended(self._record.model_sent(absent, request.document), absent, None)
            raise ModelError(f"{request.model} is asked something that was not asked when this was recorded", kind="not_found")
        kind = next((kind for kind in get_args(FaultKind) if kind == then[-1].error), "unknown")
        raise ModelError(f"{request.model} gave no answer when this was recorded: {then[-1].error}", kind=kind)

    def _once(self, seat: Seat, request: Request, purpose: Purpose, most: int) -> Answered | Fault:
        asked = tokens(request.characters)
        cap = self._cap(seat, asked, most)
        cap, reserved = self._reserve(seat, asked, cap)
        try:
            self._wait_for_room(seat, asked + cap)
            return self._sent(seat, request, purpose, reserved, Usage(input=asked, output=cap))
        except BaseException:
            self._purse.settle(reserved, 0.0)
            raise

    def _sent(self, seat: Seat, request: Request, purpose: Purpose, reserved: float, expected: Usage) -> Answered | Fault:
        about = cost(seat.card, expected)
        call = ModelCall(request.hash, purpose.role, purpose.prompt, seat.name, expected, usd=about.usd, price=about.price)
        number = self._record.model_sent(call, request.document)
        begun = time.monotonic()
        try:
            reply = seat.exchange.send(request, expected.output, min(TIMEOUT, max(1.0, self._seconds_left())))
        except NephoscopeError:
            self._record.model_ended(number, replace(call, error="refused", usage=Usage(), usd=0.0), None)
            raise
        except Exception as error:
            fault = fault_of(error, seat.backend)
            failed = replace(call, error=fault.kind, usage=Usage(), usd=0.0, seconds=time.monotonic() - begun)
            self._record.model_ended(number, failed, None)
            self._limiter.correct(seat.card, expected.input + expected.output, 0)
            self._purse.settle(reserved, 0.0)
            self._told(failed)
            return fault
        paid = cost(seat.card, reply.usage)
        ended = replace(call, usage=reply.usage, estimated=reply.estimated, usd=paid.usd, price=paid.price, seconds=time.monotonic() - begun)
        self._record.model_ended(number, ended, reply.model_dump(mode="json"))
        self._limiter.correct(seat.card, expected.input + expected.output, reply.usage.input + reply.usage.output)
        self._purse.settle(reserved, paid.usd or 0.0)
        self._told(ended)
        return Answered(reply, paid.usd, recorded=False)

    def _cap(self, seat: Seat, asked: int, most: int) -> int:
        """Tokens the reply may have: what is wished, what the model can, what the budget holds."""
        if self._seconds_left() <= 0:
            raise BudgetError(f"the budget of {self._budget.seconds:g} seconds is used up (--max-seconds)")
        room = seat.card.context - asked
        if room < LEAST_REPLY:
            raise ModelError(f"{seat.name}: the prompt has about {asked} tokens, and its context is {seat.card.context}", kind="context")
        left = self.tokens_left - asked
        if left < LEAST_REPLY:
            raise BudgetError(f"the budget of {self._budget.tokens} tokens is used up (--max-tokens)")
        return min(most, seat.card.output, room, left)

    def _reserve(self, seat: Seat, asked: int, cap: int) -> tuple[int, float]:
        """Set the most it can cost aside; where that is too much, ask for a shorter reply."""
        while True:
            usd = cost(seat.card, Usage(input=asked, output=cap)).usd or 0.0
            why_not = self._purse.reserve(usd) if usd else None
            if why_not is None:
                return cap, usd
            if cap // 2 < LEAST_REPLY:
                raise BudgetError(f"language models: {why_not}")
            cap //= 2

    def _wait_for_room(self, seat: Seat, amount: int) -> None:
        while wait := self._limiter.take(seat.card, amount):
            self._pause(wait, Fault(kind="rate", message="its limit per minute (see the catalog) is used up"), seat)

    def _pause(self, seconds: float, fault: Fault, seat: Seat) -> None:
        if seconds >= self._seconds_left():
            raise ModelError(f"{seat.name} at {seat.host}: {fault.message}; to wait {seconds:.0f} s takes longer than is left", kind=fault.kind)
        while seconds > 0:
            if self._stopped():
                raise Stopped("stopped while waiting for a language model", "go on with: nephoscope resume")
            self._sleep(min(_SLICE, seconds))
            seconds -= _SLICE


def _backoff(sent: int) -> float:
    pause: float = min(_MOST_PAUSE, _FIRST_PAUSE * 2.0 ** (sent - 1))
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads retries


_HINTS: dict[FaultKind, str] = {
    "auth": "give its key with --model-key env:NAME, file:PATH or keyring:NAME",
    "not_found": "see: nephoscope models; check the name and --model-base-url",
    "rate": "wait, or name a second model with another --model",
    "transient": "check --model-base-url and the network, or name a second model with another --model",
    "context": "choose a model with a larger context: nephoscope models",
}
