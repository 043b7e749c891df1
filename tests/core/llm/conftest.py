"""A gateway over scripted models: real record, real prompts, a purse without a boundary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from nephoscope.interfaces import LLMBackend
from nephoscope.llm.calling import Caller
from nephoscope.llm.card import ModelCard
from nephoscope.llm.exchange import Exchange
from nephoscope.llm.gateway import ANY, Gateway
from nephoscope.llm.limiter import Limiter
from nephoscope.llm.masking import Mask
from nephoscope.llm.scripted import ScriptedBackend
from nephoscope.llm.seat import Seat
from nephoscope.models import Budget
from nephoscope.prompting import load_prompts
from nephoscope.store import Spent
from nephoscope.store.run import RunStore

PROMPT = {
    "id": "test.say",
    "version": 3,
    "description": "says what it is given",
    "tags": {"role": "planner"},
    "variables": [{"name": "words", "type": "text", "max_length": 100_000}],
    "messages": [{"role": "system", "parts": {"task": "You answer."}}, {"role": "user", "parts": {"words": "{{ words }}"}}],
}


@dataclass
class Wallet:
    """A purse of so many dollars, as the boundary's."""

    usd: float = 1.0
    spent_usd: float = 0.0
    reserved: float = 0.0

    def reserve(self, usd: float) -> str | None:
        if self.spent_usd + self.reserved + usd > self.usd:
            return f"{usd:.4f} USD asked for (--max-usd)"
        self.reserved += usd
        return None

    def settle(self, reserved: float, usd: float) -> None:
        self.reserved -= reserved
        self.spent_usd += usd

    def spent(self) -> Spent:
        return Spent(model_usd=self.spent_usd)


@dataclass
class Bench:
    """Everything around a gateway under test."""

    folder: Path
    store: RunStore
    wallet: Wallet = field(default_factory=Wallet)
    budget: Budget = field(default_factory=Budget)
    seconds: float = 300.0
    slept: list[float] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    mask: Mask = field(default_factory=Mask)
    scrub: Callable[[str], str] = str

    def script(self, *lines: Mapping[str, Any], name: str = "script") -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"lines": list(lines)}), encoding="utf-8")
        return path

    def seat(self, *lines: Mapping[str, Any], name: str = "script", backend: LLMBackend | None = None, masked: bool = False, **card: Any) -> Seat:
        model = f"scripted:{self.script(*lines, name=name)}"
        described = ModelCard.model_validate({"id": model, "free": "prices" not in card, "context": 100_000, **card})
        chosen = backend or ScriptedBackend()
        return Seat(described, chosen, Exchange(chosen), masked=masked)

    def gateway(self, *seats: Seat, roles: Mapping[str, list[Seat]] | None = None, repeat: int = 0) -> Gateway:
        prompts = self.folder / "prompts"
        prompts.mkdir(exist_ok=True)
        (prompts / "say.yaml").write_text(yaml.safe_dump(PROMPT), encoding="utf-8")

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.seconds -= seconds

        caller = Caller(self.store, self.wallet, self.budget, Limiter(), seconds_left=lambda: self.seconds, sleep=sleep)
        chosen = {ANY: list(seats), **(roles or {})}
        return Gateway(chosen, load_prompts([prompts]), caller, self.mask, scrub=self.scrub, repeat=repeat, notice=self.notices.append)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    run = tmp_path / "r-test"
    run.mkdir()
    store = RunStore(run)
    yield Bench(tmp_path, store)
    store.close()
