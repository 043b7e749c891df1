"""Checks that a model thinks of, judged before anything is asked: operation, parameters, place, right, and whether it is new."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import View
from nephoscope.knowledge.claims import leaves, occurs
from nephoscope.knowledge.tables import REPLY, question
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Check, Identity, JsonValue, Operation, Read, Tier
from nephoscope_planner_llm.said import CheckSaid, ReadSaid

_IDENTIFIER = re.compile(r"[\w-]+:(?:[\w-]*:){3,}\S+|\b[a-z]{1,6}-[0-9a-f]{8,17}\b|\b\d{12}\b|\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?\b")
"""What only a cloud gives out. Names of other forms may be guessed: the boundary decides whose they are."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]")
_BEGINNING = re.compile(r"start.?time|^from$", re.IGNORECASE)


@dataclass
class Judged:
    """What may be asked, and what is wrong with the rest."""

    checks: list[Check] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def judge(said: Sequence[CheckSaid], available: Mapping[str, Check], view: View) -> Judged:
    """Sound checks; each other one with its reason."""
    judged = Judged()
    for number, one in enumerate(said, 1):
        ready = available.get(one.id) or available.get(one.intent)
        if ready is not None:
            judged.checks.append(ready)
            continue
        name = one.id or one.intent[:60] or f"check {number}"
        if one.reads:
            _own(one, name, view, judged)
        elif one.script and len(one.intent) >= 10:
            judged.checks += _scripted(one, view, judged)
        elif one.id and not one.script:
            judged.faults.append(f"{name}: no ready check has this id, and it names no reads")
        else:
            judged.faults.append(f"{name}: it names no reads; a script needs an intent that says what to find out")
    judged.checks = list({check.id: check for check in judged.checks}.values())
    return judged


def _own(said: CheckSaid, name: str, view: View, judged: Judged) -> None:
    reads: list[Read] = []
    for one in said.reads:
        found = _read(one, view)
        if isinstance(found, str):
            judged.faults.append(f"{name}: {found}")
        elif view.asked(found) and _told(found, view):
            judged.faults.append(f"{name}: {found.name} was asked with these parameters before; its answer is among the facts or gaps")
        else:
            reads.append(found)
    for cloud in dict.fromkeys(read.cloud for read in reads):
        own = tuple(read for read in reads if read.cloud == cloud)
        intent = said.intent or ", ".join(read.name for read in own)
        key = f"{said.id or intent}"[:80]
        judged.checks.append(
            Check(id=key if len({read.cloud for read in reads}) == 1 else f"{key}@{cloud}", intent=intent[:300], cloud=cloud, reads=own)
        )


def _told(read: Read, view: View) -> bool:
    """Whether the reply stands among the facts in full, or was refused. What tables alone have read may be asked for once more, at no cost."""
    name = question(read.name, read.params)
    whole = any(fact.subject.kind == REPLY and fact.subject.name == name for fact in view.all_facts())
    planned = any(each.name == read.name and question(each.name, each.params) == name for one in view.rounds for each in one.check.reads)
    return whole or planned or any(gap.operation == read.name for gap in view.gaps)


def _scripted(said: CheckSaid, view: View, judged: Judged) -> Iterator[Check]:
    clouds = list(dict.fromkeys(one.cloud for one in view.identities))
    cloud = next((name for name in clouds if name in said.intent), clouds[0] if clouds else "")
    before = [one.check for one in view.rounds if not one.check.reads and _alike(one.check.intent, said.intent)]
    if before:
        judged.faults.append(f"{said.id or said.intent[:60]}: a script for nearly the same was tried before; see the steps for what came of it")
        return
    if strange := list(_strange(said.intent, view)):
        judged.faults.append(f"{said.id or said.intent[:60]}: {strange[0]!r} occurs in no fact and not in the problem")
        return
    yield Check(id=(said.id or said.intent)[:80], intent=said.intent[:1000], cloud=cloud)


def _alike(left: str, right: str) -> bool:
    return difflib.SequenceMatcher(None, left.lower(), right.lower()).ratio() > 0.85


def _read(said: ReadSaid, view: View) -> Read | str:
    """The read, or what is wrong with it."""
    found = _operation(said, view)
    if isinstance(found, str):
        return found
    identity, operation = found
    if operation.tier not in view.granted:
        allowed = ", ".join(sorted(str(tier) for tier in view.granted))
        kind = "changes something or was never reviewed" if operation.tier == Tier.MUTATION else f"is a read of the kind {operation.tier}"
        return f"{operation.name} {kind} and would be refused; allowed are reads of: {allowed}. Find another read that shows the same"
    region = _region(said.region, identity)
    if region is None:
        return f"region {said.region!r} is not in scope; in scope: {', '.join(identity.regions)}. Leave it empty for what belongs to no region"
    params = _params(said.params, operation)
    if isinstance(params, str):
        return f"{operation.name}: {params}"
    strange = [text for value in params.values() for leaf in leaves(value) for text in _strange(leaf, view)]
    if strange:
        return f"{operation.name}: {strange[0]!r} occurs in no fact and not in the problem: never invent an identifier, list the things first"
    return Read(cloud=identity.cloud, service=operation.service, operation=operation.operation, region=region, params=params)


def _operation(said: ReadSaid, view: View) -> tuple[Identity, Operation] | str:
    service, called = _spelt(said)
    hints: list[str] = []
    for identity in {one.cloud: one for one in view.identities}.values():
        exact = view.operation(identity.cloud, f"{service}:{called}")
        if exact:
            return identity, exact
        names = view.operations_of(identity.cloud, service)
        same = next((name for name in names if _plain(name) == _plain(called)), None)
        if same and (found := view.operation(identity.cloud, f"{service}:{same}")):
            return identity, found
        near = difflib.get_close_matches(called, names, n=4, cutoff=0.5) if names else []
        if names:
            hints += [f"{service}:{name}" for name in near]
        else:
            hints += difflib.get_close_matches(service, view.operations_of(identity.cloud, ""), n=3, cutoff=0.4)
    told = f"; near: {', '.join(hints)}" if hints else ""
    return f"there is no operation {service}:{called}{told}"


def _spelt(said: ReadSaid) -> tuple[str, str]:
    """Service and operation of ``ecs:DescribeServices``, ``ecs.describe_services``, ``aws ecs describe-services``, or said apart."""
    words = re.split(r"[:.\s/]+", said.operation.strip().removeprefix("aws "))
    service = words[-2] if len(words) > 1 else said.service
    return service.strip().lower(), words[-1]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _region(wanted: str, identity: Identity) -> str | None:
    regions = identity.regions or ("",)
    if wanted in regions:
        return wanted
    return regions[0] if wanted.lower() in ("", "global", "aws-global", "none") else None


def _params(said: Mapping[str, JsonValue], operation: Operation) -> dict[str, JsonValue] | str:
    """Parameters in the API's own spelling; page sizes are left out where every page is wanted anyway."""
    known = {_plain(name): name for name in operation.params}
    params: dict[str, JsonValue] = {}
    for key, value in said.items():
        name = known.get(_plain(key)) if known else key
        if name is None:
            near = difflib.get_close_matches(key, operation.params, n=3, cutoff=0.5)
            return f"it takes no parameter {key!r}; it takes {', '.join(near or list(operation.params)[:20]) or 'none'}"
        if name in PAGING and operation.tier != Tier.TELEMETRY:
            continue
        kind = operation.params.get(name, "")
        params[name] = [value] if kind.startswith("list") and not isinstance(value, list) and value is not None else value
        if kind == "string" and isinstance(value, list | dict):
            return f"its parameter {name} is one string"
    missing = [name for name in operation.required if params.get(name) in (None, "", [])]
    if missing:
        return f"it needs {', '.join(missing)}"
    beginning = next((name for name in operation.params if _BEGINNING.search(name)), None)
    if operation.tier == Tier.TELEMETRY and beginning and beginning not in params:
        return f"give {beginning}: an open window reads, and costs, everything ever written"
    return params


def _strange(text: str, view: View) -> Iterator[str]:
    if _TIME.match(text):
        return
    for found in _IDENTIFIER.findall(text):
        if not occurs(found.rstrip(".:,;"), view):
            yield found
