"""What was changed before it began: asked for where the words tell of a beginning, and never more than told."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from nephoscope.engine.history import MOST_THINGS, MOST_TOLD, look_back
from nephoscope.interfaces import CredentialsError
from nephoscope.models import Call, Diagnosis, Finding, Happening, Identity, Problem, Read, Reply, ResourceRef

WHO = Identity(cloud="toy", account="1", principal="me", regions=("r",), alias="one")


class Trail:
    """An estate with a record of changes."""

    cloud = "toy"

    def history(self, subject: ResourceRef, identity: Identity, now: str) -> Sequence[Read]:
        return [Read(cloud="toy", service="trail", operation="Look", params={"name": text}) for text in (subject.name, subject.native_id)]

    def happenings(self, reply: Reply) -> Sequence[Happening]:
        document = reply.document if isinstance(reply.document, dict) else {}
        return [Happening(at=str(at), what=str(what)) for at, what in document.get("told", [])]


class Account:
    """Stands for the boundary and its ledger. ``answers``: by the name asked for."""

    def __init__(self, answers: dict[str, Reply]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.aliases: set[str] = set()

    def inventory(self, reads: Sequence[Read]) -> list[str]:
        self.asked += [str(read.params["name"]) for read in reads]
        self.aliases |= {read.alias for read in reads}
        return [self.answers[str(read.params["name"])].call.id for read in reads]

    def replies(self) -> list[Any]:
        return [SimpleNamespace(reply=reply) for reply in self.answers.values()]


def reply(name: str, *told: tuple[str, str], error: str | None = None) -> Reply:
    call = Call(id=f"s0.{name}", identity=WHO, region="r", service="trail", operation="Look")
    return Reply(call=call, status=403 if error else 200, error=error, document={"told": [list(one) for one in told]})


def cause(name: str) -> Finding:
    subject = ResourceRef(cloud="toy", kind="x", native_type="toy:thing", native_id=f"id-{name}", account="1", region="r", name=name)
    return Finding(cause="toy.thing.broken", subject=subject, holds="yes", because=("f",))


class Store(dict[str, Any]):
    def load(self, name: str, _: type) -> Any:
        return self.get(name)

    def put(self, name: str, value: Any) -> None:
        self[name] = value


def looked(account: Account, *causes: Finding, onset: str | None = "since noon", estate: Any = None) -> Store:
    store = Store(problem=Problem(text="x", symptom="suspicion", onset=onset, now="2026-11-29T12:00:00Z"))
    context: Any = SimpleNamespace(store=store, estates={"toy": estate or Trail()}, identities=[WHO], boundary=account, ledger=account)
    look_back(context, Diagnosis(verdict="confirmed" if causes else "inconclusive", causes=causes))
    return store


def test_changes_come_in_order_with_the_call_that_tells_them() -> None:
    account = Account({"a": reply("a", ("2026-11-29T10", "later"), ("2026-11-29T09", "earlier")), "id-a": reply("id-a")})
    told = looked(account, cause("a"))["timeline"]
    assert [(one["at"], one["what"], one["calls"]) for one in told] == [("2026-11-29T09", "earlier", ["s0.a"]), ("2026-11-29T10", "later", ["s0.a"])]
    assert account.asked == ["a"], "the first that tells of something ends it"
    assert account.aliases == {"one"}


@pytest.mark.parametrize(("first", "asked"), [(reply("a"), ["a", "id-a"]), (reply("a", error="Denied"), ["a"])])
def test_what_cannot_be_read_is_not_tried_by_another_name(first: Reply, asked: list[str]) -> None:
    account = Account({"a": first, "id-a": reply("id-a")})
    assert looked(account, cause("a"))["timeline"] == []
    assert account.asked == asked


def test_nobody_is_asked_without_a_beginning_a_cause_or_a_record() -> None:
    account = Account({"a": reply("a", ("2026", "x"))})
    assert "timeline" not in looked(account, cause("a"), onset=None)
    assert "timeline" not in looked(account)
    assert looked(account, cause("a"), estate=SimpleNamespace(cloud="toy"))["timeline"] == []
    assert account.asked == []


def test_keys_that_expired_keep_no_verdict_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> list[str]:
        raise CredentialsError("old", "log in", expired=True)

    account = Account({"a": reply("a")})
    monkeypatch.setattr(account, "inventory", gone)
    assert looked(account, cause("a"))["timeline"] == []


def test_many_things_and_many_changes_are_cut() -> None:
    names = [f"t{number}" for number in range(MOST_THINGS + 2)]
    account = Account({name: reply(name, *((f"2026-11-{day:02}", f"{name} {day}") for day in range(1, 11))) for name in names})
    told = looked(account, *(cause(name) for name in names))["timeline"]
    assert len(told) == MOST_TOLD
    assert told[-1]["at"] == "2026-11-10"
    assert len(account.asked) == MOST_THINGS
