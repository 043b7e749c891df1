"""The models of a run, as the reasoning parts speak to them: every word to and from them passes here.

Out: rendered for the model, credentials cut out, identifiers masked. Back: put together where it was cut off, held to the shape that was
asked for, identifiers put back. What fails for good on one model is tried on the next of the role.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from nephoscope.interfaces import ModelError
from nephoscope.llm import continuing, shapes, structure
from nephoscope.llm.calling import Answered, Caller, Purpose
from nephoscope.llm.masking import Mask
from nephoscope.llm.request import Request, Turn, Way
from nephoscope.llm.seat import Seat
from nephoscope.models import Answer, Json, JsonValue, Usage
from nephoscope.prompting import PromptRegistry

ANY = ""
"""The role of models that were named without one."""
_CODE = re.compile(r"```(?:python|py)[ \t]*\n(.*?)\n```(?!\S)", re.DOTALL)


class Gateway:
    """Implements :class:`nephoscope.interfaces.Models`. ``seats``: the models of each role in the order they are tried; ``ANY`` for the rest.

    ``scrub`` cuts out what must leave under no circumstances. ``repeat`` tells trials apart that ask the same on purpose.
    """

    def __init__(
        self,
        seats: Mapping[str, Sequence[Seat]],
        prompts: PromptRegistry,
        caller: Caller,
        mask: Mask,
        *,
        scrub: Callable[[str], str],
        repeat: int = 0,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._seats = seats
        self._prompts = prompts
        self._caller = caller
        self._mask = mask
        self._scrub = scrub
        self._repeat = repeat
        self._notice = notice

    def plays(self, role: str) -> str:
        """``provider:model`` that plays the role."""
        return self._of(role)[0].name

    def ask(self, role: str, prompt: str, values: Mapping[str, Json], schema: type[BaseModel] | None = None) -> Answer:
        """See :class:`nephoscope.interfaces.Models`."""
        failed: list[ModelError] = []
        for seat in self._of(role):
            try:
                return self._ask(seat, role, prompt, values, schema)
            except ModelError as error:
                failed.append(error)
                if len(self._of(role)) > len(failed):
                    self._notice(f"{seat.name} gives no answer ({error.message}); the next model of the role {role} is asked")
        if len(failed) == 1:
            raise failed[0]
        raise ModelError("; ".join(one.message for one in failed), failed[-1].hint, kind=failed[-1].kind)

    def _of(self, role: str) -> Sequence[Seat]:
        found = [*self._seats.get(role, ()), *self._seats.get(ANY, ())]
        found = found or [seat for seats in self._seats.values() for seat in seats]
        return list({id(seat): seat for seat in found}.values())

    def _ask(self, seat: Seat, role: str, prompt_id: str, values: Mapping[str, Json], schema: type[BaseModel] | None) -> Answer:
        prompt = self._prompts.get(seat.card.prompts.get(prompt_id, prompt_id))
        messages = self._prompts.render(prompt.id, values, seat.name)
        turns = tuple(Turn(role=one.role, text=self._out(one.content, seat)) for one in messages)
        talk = _Talk(self, seat, Purpose(role, f"{prompt.id}@{prompt.version}"), turns)
        return talk.plain() if schema is None else talk.shaped(schema)

    def _out(self, text: str, seat: Seat) -> str:
        scrubbed = self._scrub(text)
        return self._mask.hide(scrubbed) if seat.masked else scrubbed

    def _in(self, value: JsonValue, seat: Seat) -> JsonValue:
        return self._mask.restore_in(value) if seat.masked else value


@dataclass
class _Talk:
    """One question and everything said until it is answered."""

    gateway: Gateway
    seat: Seat
    purpose: Purpose
    turns: tuple[Turn, ...]
    usage: Usage = field(default_factory=Usage)
    usd: float | None = 0.0
    recorded: bool = True
    most: int = field(init=False)
    asked: Request | None = field(default=None, init=False)
    """What was sent last."""

    def __post_init__(self) -> None:
        self.most = self.seat.card.reply

    def plain(self) -> Answer:
        """An answer in words or code."""
        text = self._whole_text(Request(model=self.seat.name, base_url=self.seat.address, turns=self.turns), _is_whole)
        return self._answer(text, None)

    def shaped(self, schema: type[BaseModel]) -> Answer:
        """An answer that a schema validates."""
        shape = shapes.plain(schema)
        faults = ""
        for way in self.seat.ways:
            try:
                return self._shaped(schema, shape, way)
            except structure.Unusable as error:
                faults = error.faults
            except ModelError as error:
                if error.kind not in ("invalid", "malformed") or way == "text":
                    raise
                self.seat.refused.add(way)
        raise ModelError(f"{self.seat.name} gives no usable answer to {self.purpose.prompt}: {' '.join(faults.split())}", kind="malformed")

    def _shaped(self, schema: type[BaseModel], shape: dict[str, Any], way: Way) -> Answer:
        told = structure.instruction(shape, way)
        turns = (*self.turns[:-1], _longer(self.turns[-1], told)) if told else self.turns
        held = structure.held(shape, way)
        for repair in range(structure.MOST_REPAIRS + 1):
            request = Request(model=self.seat.name, base_url=self.seat.address, turns=turns, way=way, schema=held)
            text = self._whole_text(request, _is_json)
            try:
                return self._answer(text, structure.read(text, schema, lambda value: self.gateway._in(value, self.seat)))
            except structure.Unusable as error:
                if self.asked is not None:
                    self.gateway._caller.forget(self.asked)
                if repair == structure.MOST_REPAIRS:
                    raise
                faults = self.gateway._out(structure.again(error.faults), self.seat)
                turns = (*turns, Turn(role="assistant", text=text or "(nothing)"), Turn(role="user", text=faults))
        raise AssertionError("unreachable")

    def _whole_text(self, request: Request, whole: continuing.Whole) -> str:
        """The reply in full, asked for in pieces where it is cut off. Raises ``ModelError`` where the pieces do not fit."""
        answered = self._send(request)
        while answered.reply.finish == "length" and (not answered.reply.text or request.way == "tool"):
            answered = self._again_longer(request)
        text = answered.reply.text
        if answered.reply.finish == "length":
            answered, text = self._pieced(request, text, whole)
        if answered.reply.finish == "blocked":
            raise ModelError(f"{self.seat.name} does not answer: its provider's filter stopped the reply", kind="blocked")
        return text

    def _pieced(self, request: Request, begun: str, whole: continuing.Whole) -> tuple[Answered, str]:
        """The rest of a reply that was cut off, asked for until there is no more of it."""
        pieces = continuing.Pieces(begun)
        for _ in range(continuing.MOST_ROUNDS):
            place = pieces.place()
            if place is None:
                break
            more = (Turn(role="assistant", text=pieces.text), Turn(role="user", text=place.instruction))
            answered = self._send(request.model_copy(update={"turns": (*request.turns, *more), "way": "text", "schema_": None}))
            if not pieces.add(place, answered.reply.text):
                break
            if answered.reply.finish != "length":
                text = pieces.whole(whole)
                if text is None:
                    break
                return answered, text
        raise ModelError(f"{self.seat.name}: its reply was cut off and could not be put together", kind="malformed")

    def _again_longer(self, request: Request) -> Answered:
        """All went into thoughts, or the pieces of a tool call cannot be joined: more room."""
        longer = min(self.most * 4, self.seat.card.output)
        if longer <= self.most:
            raise ModelError(f"{self.seat.name}: {self.most} tokens are not enough for an answer", kind="malformed")
        self.most = longer
        return self._send(request.model_copy(update={"repeat": request.repeat + longer}))

    def _send(self, request: Request) -> Answered:
        """One request; a parameter that the model turns down is left out from then on."""
        repeat = self.gateway._repeat
        while True:
            parameters = self.seat.parameters
            asked = self.asked = request.model_copy(update={"parameters": parameters, "repeat": request.repeat or repeat})
            try:
                answered = self.gateway._caller.reply(self.seat, asked, self.purpose, self.most)
            except ModelError as error:
                if error.kind != "invalid" or not self.seat.mended(error.message, parameters):
                    raise
                continue
            self.usage += answered.reply.usage if not answered.recorded else Usage()
            self.usd = None if self.usd is None or answered.usd is None else self.usd + answered.usd
            self.recorded = self.recorded and answered.recorded
            return answered

    def _answer(self, text: str, value: JsonValue) -> Answer:
        clear = self.gateway._in(text, self.seat)
        return Answer(text=str(clear), value=value, model=self.seat.name, usage=self.usage, usd=self.usd, cached=self.recorded)


def _longer(turn: Turn, more: str) -> Turn:
    return turn.model_copy(update={"text": f"{turn.text}\n\n{more}"})


def _is_json(text: str) -> bool:
    stripped = text.strip()
    fenced = re.fullmatch(r"```[\w+-]*[ \t]*\n(.*?)\n?```", stripped, re.DOTALL)
    try:
        json.loads(fenced[1] if fenced else stripped, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _is_whole(text: str) -> bool:
    """Code in closed fences that parses, or JSON. Of other words nobody can tell."""
    if _is_json(text):
        return True
    blocks = _CODE.findall(text)
    if not blocks or text.count("```") != 2 * len(blocks):
        return False
    return all(map(_parses, blocks))


def _parses(code: str) -> bool:
    try:
        compile(code, "reply", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
