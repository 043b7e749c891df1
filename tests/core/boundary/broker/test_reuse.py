"""Replies taken again by another run: only with the same rights, fresh, whole, and copied into its own record."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from toy_cloud import HOST, Brook, BrookWire

from nephoscope.boundary.broker.inventory import Inventory
from nephoscope.boundary.broker.owner import Owners
from nephoscope.boundary.broker.pipeline import Pipeline
from nephoscope.boundary.broker.purse import Purse
from nephoscope.boundary.broker.recorder import Recorder
from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.boundary.broker.resume import Attempt
from nephoscope.boundary.broker.reuse import Reuse
from nephoscope.boundary.broker.tiers import Tiers
from nephoscope.boundary.broker.upstream import Upstream
from nephoscope.models import Budget, Scope, WireReply, WireRequest
from nephoscope.store import BROKER, Ledger, Position
from nephoscope.store.machine import Machine


class Run:
    """A run over the toy cloud that shares a machine with others."""

    def __init__(self, folder: Path, brook: Brook, machine: Machine, *, rights: str = "same", minutes: float = 10.0) -> None:
        self.ledger = Ledger(folder)
        wire = BrookWire()
        self.pipeline = Pipeline(
            {"brook": wire}, wire.connect(Scope(cloud="brook", options={"endpoint": brook.endpoint})), tiers=Tiers(),
            purse=Purse.resumed(Budget(), self.ledger.spent()), recorder=Recorder(self.ledger), upstream=Upstream(Redactor(b"key")),
            on_event=lambda _: None,
        )  # fmt: skip
        self.pipeline.owners = Owners(self.pipeline.identities, Inventory(self.pipeline, Attempt(BROKER)).documents)
        self.pipeline.reuse = Reuse(machine, self.ledger, folder, rights=rights, minutes=minutes)
        self.attempt = Attempt(Position(step=1, script_hash="0" * 64))

    def ask(self, path: str) -> tuple[int, Any]:
        target, _, query = path.partition("?")
        request = WireRequest(
            method="GET", scheme="http", host=HOST, path=f"/v1/{target}", query=query, headers=(("host", HOST), ("x-brook-key", "worthless"))
        )

        async def one() -> WireReply:
            return await self.pipeline.handle(request, self.attempt)

        reply = asyncio.run(one())
        return reply.status, json.loads(reply.body)


def test_a_fresh_reply_of_another_run_is_taken_again(tmp_path: Path, brook: Brook) -> None:
    machine = Machine(tmp_path)
    first, second = Run(tmp_path / "r-1", brook, machine), Run(tmp_path / "r-2", brook, machine)
    told = first.ask("frogs")
    asked = len(brook.seen)
    assert second.ask("frogs") == told
    assert len(brook.seen) == asked
    (entry,) = second.ledger.replies(1)
    assert entry.cached_from == "r-1:s1.c1"
    assert entry.document is not None, "the document is in its own record"
    assert second.ledger.spent().upstream == 0


def test_other_rights_age_and_machines_are_asked_anew(tmp_path: Path, brook: Brook) -> None:
    machine = Machine(tmp_path)
    Run(tmp_path / "r-1", brook, machine).ask("frogs")
    for number, other in enumerate([
        Run(tmp_path / "r-2", brook, machine, rights="more"),
        Run(tmp_path / "r-3", brook, machine, minutes=0.0),
        Run(tmp_path / "r-4", brook, Machine(None)),
    ]):  # fmt: skip
        asked = len(brook.seen)
        assert other.ask("frogs")[0] == 200
        assert len(brook.seen) == asked + 1, number


def test_errors_and_lost_records_are_asked_anew(tmp_path: Path, brook: Brook) -> None:
    import shutil

    machine = Machine(tmp_path)
    first = Run(tmp_path / "r-1", brook, machine)
    first.ask("frogs")
    first.ledger.close()
    shutil.rmtree(tmp_path / "r-1")
    asked = len(brook.seen)
    assert Run(tmp_path / "r-2", brook, machine).ask("frogs")[0] == 200
    assert len(brook.seen) == asked + 1


def test_sixty_four_at_once_are_one_call(tmp_path: Path, brook: Brook) -> None:
    run = Run(tmp_path / "r-1", brook, Machine(tmp_path))
    brook.delay = 0.2
    request = WireRequest(method="GET", scheme="http", host=HOST, path="/v1/frogs", headers=(("host", HOST), ("x-brook-key", "worthless")))

    async def many() -> list[WireReply]:
        return await asyncio.gather(*(run.pipeline.handle(request, run.attempt) for _ in range(64)))

    replies = asyncio.run(many())
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert len([seen for seen in brook.seen if "frogs" in seen]) == 1
    spent = run.ledger.spent()
    assert (spent.upstream, spent.cached) == (1, 63)
