"""Token limits that really cut, and models that are asked to go on: what a client's continuation has to cope with."""

from __future__ import annotations

import json
import math
import re

from nephoscope.models import Usage
from nephoscope.testing.llm_server.exchange import Asked, Called, Reply, Spoken, Stop

CHARACTERS_PER_TOKEN = 4
SHORTEST_OVERLAP = 4
REPEATED = 24
_MARK = re.compile(r"\[\[\w+\]\]")
PHRASE = "Continuing from where I stopped:\n"
SMALLEST_CACHED = 1024
"""Tokens from which on a prompt without marks is cached."""


def tokens(text: str) -> int:
    """How many tokens a text counts as here."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


class Mouth:
    """Turns scripted replies into what goes out, and remembers what it had to cut. Not thread-safe."""

    def __init__(self) -> None:
        self._unfinished: list[tuple[str, Reply]] = []
        self._cached: set[tuple[str, str]] = set()

    def rest(self, asked: Asked) -> Reply | None:
        """What is left of a reply that was cut off and that the request holds the beginning of."""
        begun = [_joined(asked.partial[first:]) for first in range(len(asked.partial))]
        for whole, reply in reversed(self._unfinished):
            for start in (text for text in begun if text.strip() and len(text.rstrip()) < len(whole)):
                if whole.startswith(start.rstrip()):
                    at = len(start) if whole.startswith(start) else len(start.rstrip())
                    return reply.model_copy(
                        update={"text": _resumed(whole, at, reply.resume, asked.last), "value": None, "reasoning": "", "cut": None}
                    )
        return None

    def speak(self, asked: Asked, reply: Reply, *, resumed: bool = False) -> Spoken:
        """The reply, as much of it as the request's limit lets through."""
        text, calls = _delivered(asked, reply)
        room = asked.max_tokens * CHARACTERS_PER_TOKEN if asked.max_tokens else None
        reasoning = reply.reasoning[:room]
        limit = _least(None if room is None else room - len(reasoning), reply.cut)
        shown = text[:limit]
        kept = _cut_calls(calls, None if limit is None else limit - len(shown))
        short = len(reasoning) < len(reply.reasoning) or shown != text or kept != calls
        if shown != text and not resumed:
            self._unfinished.append((text, reply))
        stop: Stop = "length" if short else "blocked" if reply.blocked else "tool" if kept else "stop"
        return Spoken(shown, reasoning, kept, stop, self._usage(asked, reasoning, shown, kept))

    def _usage(self, asked: Asked, reasoning: str, text: str, calls: tuple[Called, ...]) -> Usage:
        put = tokens(asked.text) + tokens(json.dumps(asked.tools) if asked.tools else "")
        size = min(tokens(asked.prefix), put)
        known = (asked.model, asked.prefix) in self._cached
        cacheable = bool(asked.prefix) and (asked.prefix_marked or size >= SMALLEST_CACHED)
        if cacheable:
            self._cached.add((asked.model, asked.prefix))
        thought = tokens(reasoning)
        return Usage(
            input=put,
            output=thought + tokens(text) + sum(tokens(call.arguments) for call in calls),
            reasoning=thought,
            cache_read=size if cacheable and known else 0,
            cache_write=size if cacheable and not known and asked.prefix_marked else 0,
        )


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _delivered(asked: Asked, reply: Reply) -> tuple[str, tuple[Called, ...]]:
    """Text and tool calls: a value goes where the request wants it."""
    value = None if reply.value is None else json.dumps(reply.value, ensure_ascii=False)
    forced = next(iter(asked.tools), "") if asked.forced == "*" else asked.forced
    if value is not None and forced:
        return reply.text, (Called(f"call_{asked.number}_0", forced, value),)
    calls = (json.dumps(dict(tool.arguments), ensure_ascii=False) for tool in reply.tools)
    named = tuple(Called(f"call_{asked.number}_{place}", tool.name, text) for place, (tool, text) in enumerate(zip(reply.tools, calls, strict=True)))
    return (reply.text if value is None else value), named


def _cut_calls(calls: tuple[Called, ...], left: int | None) -> tuple[Called, ...]:
    if left is None:
        return calls
    kept: list[Called] = []
    for call in calls:
        if left <= 0:
            break
        kept.append(Called(call.id, call.name, call.arguments[:left]))
        left -= len(call.arguments)
    return tuple(kept)


def _resumed(whole: str, at: int, how: str, told: str) -> str:
    if how == "told" and (quoted := _quoted(told, whole[:at])):
        mark = _MARK.search(told)
        return (f"{mark[0]}\n" if mark else "") + whole[whole.index(quoted, 0, at) :]
    if how == "restart":
        return whole
    if how == "overlap":
        return whole[max(0, at - REPEATED) :]
    return PHRASE + whole[at:] if how == "phrase" else whole[at:]


def _quoted(told: str, begun: str) -> str:
    """The words of what was begun that a request to go on ends with; empty when it quotes none, or some that stand there twice."""
    lengths = [n for n in range(min(len(told), len(begun)), SHORTEST_OVERLAP - 1, -1) if told[-n:] in begun]
    whole_lines = [n for n in lengths if n < len(told) and told[-n - 1] == "\n" and told[-n] != "\n"]
    length = next(iter([*whole_lines, *lengths]), 0)
    return told[-length:] if length and begun.count(told[-length:]) == 1 else ""


def _joined(pieces: tuple[str, ...]) -> str:
    """The pieces as one text; what one repeats of the end before it counts once."""
    text = ""
    for piece in pieces:
        bare = piece.removeprefix(PHRASE)
        longest = min(len(text), len(bare))
        overlap = next((n for n in range(longest, SHORTEST_OVERLAP - 1, -1) if text.endswith(bare[:n])), 0)
        text += bare[overlap:]
    return text
