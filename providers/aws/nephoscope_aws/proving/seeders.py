"""The reverse of the reply tables: from stored replies to the calls that build the same things again. Data in ``seeders/``, read here."""

from __future__ import annotations

import base64
import io
import ipaddress
import json
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
import jmespath.functions
from pydantic import BaseModel, ConfigDict, Field

from nephoscope.models import JsonValue, Reply
from nephoscope.models.yaml_text import parse_yaml
from nephoscope.store import canonical

_FOLDER = Path(__file__).parents[1] / "seeders"


class Seeder(BaseModel):
    """One call that builds a thing, or a part of it, from a stored reply.

    Everything but names of operations is JMESPath over ``{call, doc, reply, each, number, account, region}``: the recorded call's parameters, the
    item (or the whole reply), the whole reply, and the member of ``each`` that the call is made for, with its place among them.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    kind: str
    """Native type of what is built."""
    with_: tuple[str, ...] = Field(default=(), alias="with")
    """Native types of parts that are built with it."""
    from_: tuple[str, ...] = Field(alias="from")
    """Operations whose replies tell enough, without the service."""
    items: str = ""
    id_: tuple[str, ...] = Field(alias="is")
    """What the thing goes by."""
    of: tuple[str, ...] = ()
    """Things with which it is built besides."""
    needs: tuple[str, ...] = ()
    """What must exist before."""
    each: str = ""
    when: str = ""
    do: str
    """``Operation``, or ``service:Operation`` of another service."""
    rank: int = 50
    params: Mapping[str, str] = Field(default_factory=dict)
    makes: Mapping[str, str] = Field(default_factory=dict)
    """Where the reply names something → what that is called in the account."""
    may_fail: bool = False
    spare: bool = False
    """Only where no other row makes the same call for what goes by that name: from a reply that tells of it in passing."""
    service: str = ""

    @property
    def call(self) -> tuple[str, str]:
        """Service and operation."""
        service, _, operation = self.do.rpartition(":")
        return service or self.service, operation


class StandIn(BaseModel):
    """What is made in place of something that is needed and was never read. ``{id}`` is the identifier, ``{name}`` its last part."""

    model_config = ConfigDict(extra="forbid")

    like: str
    service: str
    do: str
    params: Mapping[str, Any] = Field(default_factory=dict)
    makes: str = ""
    undo: str = ""
    """Operation that removes it at the end, where the account was seen not to have it; takes ``with``."""
    undone_with: Mapping[str, Any] = Field(default_factory=dict)
    needs: tuple[str, ...] = ()
    rank: int = 5
    region: str = ""
    """Where it is made; empty: where its identifier says, or where the changes are."""


@dataclass
class Plan:
    """What to build, in order, and what the built things go by."""

    steps: list[dict[str, JsonValue]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    things: int = 0


@dataclass(frozen=True)
class _Candidate:
    seeder: Seeder
    scope: Mapping[str, Any]
    ids: frozenset[str]
    of: frozenset[str]
    reply: Reply


@cache
def seeders() -> tuple[Seeder, ...]:
    """All of them, in the order of files and rows."""
    found: list[Seeder] = []
    for path in sorted(_FOLDER.glob("*.yaml")):
        raw: Any = parse_yaml(path.read_text("utf-8")) or {}
        found += [Seeder.model_validate({"service": raw["service"], **row}) for row in raw.get("seeders", ())]
    return tuple(found)


@cache
def stand_ins() -> tuple[StandIn, ...]:
    """All of them."""
    found: list[StandIn] = []
    for path in sorted(_FOLDER.glob("*.yaml")):
        raw: Any = parse_yaml(path.read_text("utf-8")) or {}
        found += [StandIn.model_validate({"service": raw["service"], **row}) for row in raw.get("stand_ins", ())]
    return tuple(found)


@cache
def spellings() -> dict[str, dict[str, str]]:
    """By service: patterns for identifiers that its changes take on the emulator only in another form → that form."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        raw: Any = parse_yaml(path.read_text("utf-8")) or {}
        found[raw["service"]] = raw.get("spellings", {})
    return found


def kinds() -> frozenset[str]:
    """Native types that can be built."""
    return frozenset(kind for one in seeders() for kind in (one.kind, *one.with_))


def plan(replies: Sequence[Reply], about: Collection[str], gone: Collection[str] = ()) -> Plan:
    """The steps that build what goes by one of these names, with everything it needs. ``gone``: names of what is not there."""
    candidates, chosen = list(_candidates(replies)), dict[int, _Candidate]()
    wanted, needed = set(about), set[str]()
    while True:
        fresh = {number: one for number, one in enumerate(candidates) if number not in chosen and (one.ids | one.of) & wanted}
        if not fresh:
            break
        chosen |= fresh
        for one in fresh.values():
            needed |= set(_texts(one.seeder.needs, one.scope))
        wanted |= needed
    firm = {(one.seeder.call, name) for one in chosen.values() if not one.seeder.spare for name in one.ids}
    chosen = {number: one for number, one in chosen.items() if not (one.seeder.spare and any((one.seeder.call, name) in firm for name in one.ids))}
    found = Plan(names=set(wanted), kinds={one.seeder.kind for one in chosen.values()})
    met = {name for one in chosen.values() for name in one.ids}
    found.names |= met
    found.things = len({min(one.ids) for one in chosen.values() if one.ids})
    missing = {_words(reply) for reply in replies if reply.error}
    lent = list(_lent(needed - met, {*gone, *(word for words in missing for word in words)}))
    steps = [step for one in chosen.values() for step in _steps(one)]
    ranked = sorted([*(((rank, 0), step) for rank, step in lent), *steps], key=lambda step: step[0])
    found.steps = list({canonical(step): step for _, step in ranked}.values())
    return found


def _candidates(replies: Sequence[Reply]) -> Iterator[_Candidate]:
    by_operation: dict[str, list[Seeder]] = {}
    for one in seeders():
        for name in one.from_:
            by_operation.setdefault(f"{one.service}:{name}", []).append(one)
    for reply in replies:
        if reply.error or not isinstance(reply.document, dict):
            continue
        for seeder in by_operation.get(reply.call.name, ()):
            items = _search(seeder.items, reply.document) if seeder.items else [reply.document]
            for item in items if isinstance(items, list) else ():
                scope = _scope(reply, item)
                fits = not seeder.when or _search(seeder.when, scope)
                ids = frozenset(_texts(seeder.id_, scope)) if fits else None
                if ids:
                    yield _Candidate(seeder, scope, ids, frozenset(_texts(seeder.of, scope)), reply)


def _scope(reply: Reply, item: Any) -> dict[str, Any]:
    call = reply.call
    return {"call": dict(call.params), "doc": item, "reply": reply.document, "account": call.identity.account, "region": call.region}


def _steps(one: _Candidate) -> Iterator[tuple[tuple[int, int], dict[str, JsonValue]]]:
    """Rows of one rank that are made for the same members take turns, member by member."""
    members = _search(one.seeder.each, one.scope) if one.seeder.each else [None]
    for number, member in enumerate(members if isinstance(members, list) else ()):
        scope = {**one.scope, "each": member, "number": number}
        service, operation = one.seeder.call
        params = {name: value for name, text in one.seeder.params.items() if (value := _search(text, scope)) not in (None, [], {})}
        makes = {_where(where, scope): str(name) for where, text in one.seeder.makes.items() if (name := _search(text, scope))}
        yield (
            (one.seeder.rank, number),
            {
                "about": sorted(one.ids, key=len)[0],
                "service": service,
                "operation": operation,
                "region": one.reply.call.region,
                "account": one.reply.call.identity.account,
                "params": params,
                "makes": dict(makes),
                "may_fail": one.seeder.may_fail,
                "turn": number,
            },
        )


def _where(text: str, scope: Mapping[str, Any]) -> str:
    """``<<expression>>`` in it is a value of the reply that the thing is built from."""
    return re.sub(r"<<(.+?)>>", lambda match: str(_search(match[1], scope)), text)


def _lent(needed: Collection[str], missing: Collection[str]) -> Iterator[tuple[int, dict[str, JsonValue]]]:
    todo, done = sorted(needed), set[str]()
    while todo:
        name = todo.pop()
        match = next(((one, found) for one in stand_ins() if (found := re.fullmatch(one.like, name))), None)
        if match is None or name in done:
            continue
        done.add(name)
        one, found = match
        values = {"id": name, "name": re.split(r"[:/]", name)[-1], "n": str(len(done)), **found.groupdict("")}
        base: dict[str, JsonValue] = {"about": name, "service": one.service, "region": one.region or values.get("region", ""), "may_fail": True}
        makes: JsonValue = {one.makes: name} if one.makes else {}
        yield one.rank, {**base, "operation": one.do, "params": _told(one.params, values), "makes": makes}
        todo += [_told(need, values) for need in one.needs]
        if one.undo and {name, values["name"]} & set(missing):
            yield 99, {**base, "operation": one.undo, "params": _told(one.undone_with, values), "makes": {}}


def _told(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _told(member, values) for key, member in value.items()}
    if isinstance(value, list):
        return [_told(member, values) for member in value]
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), value) if isinstance(value, str) else value


def _words(reply: Reply) -> tuple[str, ...]:
    return tuple(str(value) for value in reply.call.params.values() if isinstance(value, str))


def _texts(expressions: Sequence[str], scope: Mapping[str, Any]) -> Iterator[str]:
    for text in expressions:
        value = _search(text, scope)
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one)


class _Functions(jmespath.functions.Functions):  # type: ignore[misc]
    """What rows need besides JMESPath's own functions."""

    @jmespath.functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_last(self, text: str | None, mark: str) -> str | None:
        """The part after the last mark."""
        return text.rpartition(mark)[2] if text else None

    @jmespath.functions.signature({"types": ["string", "null"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_parts(self, text: str | None, mark: str) -> list[str]:
        """What stands between the marks."""
        return [part.strip() for part in (text or "").split(mark) if part.strip()]

    @jmespath.functions.signature({"types": ["string", "null"]}, {"types": ["number"]})  # type: ignore[untyped-decorator]
    def _func_around(self, word: str | None, bits: float) -> str | None:
        """A network of that size that holds an address; of any other word, one that nobody else has, in 10.0.0.0/16."""
        if not word:
            return None
        try:
            address = ipaddress.ip_address(word)
        except ValueError:
            address = ipaddress.ip_address(f"10.0.{zlib.crc32(word.encode()) % 256}.0")
        return str(ipaddress.ip_network(f"{address}/{int(bits)}", strict=False))

    @jmespath.functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_from_json(self, text: str | None) -> Any:
        """A document inside a string."""
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    @jmespath.functions.signature({"types": ["string", "null"]})  # type: ignore[untyped-decorator]
    def _func_code(self, word: str | None) -> str:
        """A bundle of code, in base64, that no other word gives."""
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as bundle:
            bundle.writestr(zipfile.ZipInfo("index.py"), f"# {word}\n")
        return base64.b64encode(held.getvalue()).decode()

    @jmespath.functions.signature({"types": ["object", "null"]}, {"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_without(self, value: dict[str, Any] | None, names: list[str]) -> dict[str, Any] | None:
        """An object less some members."""
        return None if value is None else {key: member for key, member in value.items() if key not in names}

    @jmespath.functions.signature({"types": ["object", "null"]}, {"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_only(self, value: dict[str, Any] | None, names: list[str]) -> dict[str, Any] | None:
        """Some members of an object."""
        return None if value is None else {key: member for key, member in value.items() if key in names and member not in ("", None)}


@cache
def _compiled(text: str) -> Any:
    return jmespath.compile(text)


_OPTIONS = jmespath.Options(custom_functions=_Functions())


def _search(text: str, scope: Any) -> Any:
    return _compiled(text).search(scope, options=_OPTIONS)
