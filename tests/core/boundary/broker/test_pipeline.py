"""The broker's rules without a process around them: what happens when parts fail, and what each small part decides."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from toy_cloud import HOST, Brook, BrookWire

from nephoscope.boundary.broker.cache import MAX_AGE_SECONDS, Cache
from nephoscope.boundary.broker.inventory import Inventory
from nephoscope.boundary.broker.owner import Owners, identifiers
from nephoscope.boundary.broker.pipeline import Pipeline
from nephoscope.boundary.broker.purse import TELEMETRY_CALLS, Empty, Purse
from nephoscope.boundary.broker.recorder import Recorder
from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.boundary.broker.resume import FLOOD, MANY_REFUSALS, Attempt
from nephoscope.boundary.broker.tiers import TABLE, Denial, Tiers
from nephoscope.boundary.broker.upstream import Upstream
from nephoscope.interfaces import UsageError
from nephoscope.models import Budget, Call, Classification, Identity, ResourceRef, Scope, Tier, WireReply, WireRequest
from nephoscope.store import BROKER, Answered, Ledger, LedgerEntry, Position, Sent, Spent, question

ATTEMPT = Position(step=1, script_hash="0" * 64)


def request(path: str, method: str = "GET", key: str = "worthless", host: str = HOST) -> WireRequest:
    target, _, query = path.partition("?")
    return WireRequest(method=method, scheme="http", host=host, path=f"/v1/{target}", query=query, headers=(("host", host), ("x-brook-key", key)))


class Bench:
    """A pipeline over the toy cloud, in this process."""

    def __init__(self, folder: Path, brook: Brook, wire: BrookWire | None = None, budget: Budget | None = None) -> None:
        self.ledger = Ledger(folder)
        self.events: list[Mapping[str, Any]] = []
        wire = wire or BrookWire()
        self.pipeline = Pipeline(
            {"brook": wire},
            wire.connect(Scope(cloud="brook", options={"endpoint": brook.endpoint})),
            tiers=Tiers(),
            purse=Purse.resumed(budget or Budget(), self.ledger.spent()),
            recorder=Recorder(self.ledger),
            upstream=Upstream(Redactor(b"key")),
            on_event=self.events.append,
        )
        inventory = Inventory(self.pipeline, Attempt(BROKER))
        self.pipeline.owners = Owners(self.pipeline.identities, inventory.documents)
        self.attempt = Attempt(ATTEMPT)

    def ask(self, *paths: str, **more: str) -> list[tuple[int, Any]]:
        async def all_of() -> list[WireReply]:
            return [await self.pipeline.handle(request(path, **more), self.attempt) for path in paths]

        return [(reply.status, json.loads(reply.body) if reply.body.startswith(b"{") else reply.body) for reply in asyncio.run(all_of())]


@pytest.fixture
def bench(tmp_path: Path, brook: Brook) -> Iterator[Callable[..., Bench]]:
    """Makes benches, and closes their records."""
    made: list[Bench] = []

    def make(**more: Any) -> Bench:
        made.append(Bench(tmp_path, brook, **more))
        return made[-1]

    yield make
    for one in made:
        one.pipeline.recorder.close()


def test_no_row_no_call(bench: Callable[..., Bench], brook: Brook) -> None:
    made = bench()
    made.ledger._connection.execute("PRAGMA journal_mode=DELETE")
    pages = made.ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    made.ledger._connection.execute(f"PRAGMA max_page_count={pages}")
    statuses = [made.ask(f"frogs?n={n}&pad={'x' * 3000}")[0] for n in range(12)]
    refused = [body["code"] for status, body in statuses if status == 403]
    assert refused
    assert set(refused) == {"ledger"}
    assert "full" in str(statuses[-1])
    sent = {entry.call.params["n"] for entry in made.ledger.replies(1)} | {sent.call.params["n"] for sent in made.ledger.unanswered(ATTEMPT)}
    assert len(brook.seen) == len(sent), "what reached the cloud is on record"
    assert any(event["event"] == "trouble" for event in made.events)


def test_hosts_keys_and_readings_that_are_not_ours(bench: Callable[..., Bench], brook: Brook) -> None:
    made = bench()
    assert made.ask("ponds", host="169.254.169.254")[0][0] == 403
    assert made.ask("ponds", host=f"x{HOST}")[0][0] == 403
    assert made.ask("ponds", key="stolen")[0][1]["code"] == "ambiguous"
    assert brook.seen == []
    assert [refusal.code for refusal in made.ledger.refused()] == ["unknown_host", "unknown_host", "ambiguous"]


def test_a_pack_that_raises_refuses(bench: Callable[..., Bench], brook: Brook) -> None:
    class Broken(BrookWire):
        def classify(self, call: Call) -> Classification:
            raise LookupError("no table")

    made = bench(wire=Broken())
    assert made.ask("ponds")[0][1]["code"] == "error"
    assert brook.seen == []


@pytest.mark.timeout(20)
def test_listings_that_need_each_other_are_refused_not_waited_for(bench: Callable[..., Bench], brook: Brook) -> None:
    class Circular(BrookWire):
        def owner(self, call: Call) -> ResourceRef:
            service = {"ponds": "frogs", "frogs": "ponds"}[call.service]
            return ResourceRef(cloud="brook", kind="x.y", native_type=f"{service}:x", native_id="pond-1", name="pond-1")

    made = bench(wire=Circular())
    assert made.ask("ponds", "frogs")[0][1]["code"] == "unknown_owner"
    assert brook.seen == []


def test_a_flood_is_not_looked_at(bench: Callable[..., Bench]) -> None:
    made = bench()
    made.attempt.requests = FLOOD
    assert made.ask("ponds")[0][1]["code"] == "budget"
    made.attempt.requests = 0
    made.ask(*(f"keys/k{n}" for n in range(MANY_REFUSALS + 20)))
    assert len(made.ledger.refused()) == MANY_REFUSALS


def test_telemetry_has_a_small_budget_of_its_own(bench: Callable[..., Bench]) -> None:
    made = bench()
    replies = made.ask(*(f"logs?n={n}" for n in range(40)))
    allowed = [status for status, _ in replies if status == 200]
    assert len(allowed) == 25, "0.25 USD at 0.01 each"
    assert "logs and metrics" in replies[-1][1]["reason"]
    assert made.ask("ponds")[0][0] == 200


def judged(tier: Tier, *, verified: bool = True, shape: bool = False) -> Classification:
    return Classification(tier=tier, reason="reads it", verified=verified, shape=shape)


def test_the_tier_table_is_complete_and_never_means_never() -> None:
    assert set(TABLE) == set(Tier)
    for tier, rule in TABLE.items():
        plain = Tiers().judge(judged(tier))
        assert (plain == tier) == (rule == "default")
        if rule == "never":
            assert isinstance(plain, Denial)
            assert (plain.code, plain.needs) == ("forbidden", "")
            with pytest.raises(UsageError):
                Tiers([tier])
        else:
            assert Tiers([tier]).judge(judged(tier)) == tier
    assert isinstance(Tiers(denied=[Tier.TELEMETRY]).judge(judged(Tier.TELEMETRY)), Denial)


@pytest.mark.parametrize("tier", list(Tier))
def test_what_nobody_reviewed_is_at_most_configuration(tier: Tier) -> None:
    grants = [each for each, rule in TABLE.items() if rule != "never"]
    decision = Tiers(grants).judge(judged(tier, verified=False))
    assert (decision == tier) is (tier is Tier.CONFIG)
    assert isinstance(Tiers(grants, reviewed_only=True).judge(judged(tier, verified=False)), Denial)


def test_where_only_shape_is_granted_the_shape_is_given() -> None:
    assert Tiers([Tier.SHAPE]).judge(judged(Tier.DATA, shape=True)) == Tier.SHAPE
    assert Tiers([Tier.SHAPE, Tier.DATA]).judge(judged(Tier.DATA, shape=True)) == Tier.DATA
    for refused in (
        Tiers([Tier.SHAPE]).judge(judged(Tier.DATA)),
        Tiers().judge(judged(Tier.DATA, shape=True)),
        Tiers([Tier.SHAPE]).judge(judged(Tier.MUTATION, shape=True)),
    ):
        assert isinstance(refused, Denial)


def test_the_purse_counts_what_earlier_runs_spent() -> None:
    purse = Purse.resumed(Budget(calls=5, usd=1.0), Spent(upstream=4, usd=0.5, model_usd=0.4, telemetry=TELEMETRY_CALLS))
    with pytest.raises(Empty):
        purse.reserve(0.2)
    with pytest.raises(Empty, match="logs"):
        purse.reserve_call(Tier.TELEMETRY, 0.0)
    purse.reserve_call(Tier.CONFIG, 0.05)
    purse.settle_call(Tier.CONFIG, 0.05, 0.0, 10)
    assert purse.usd == pytest.approx(0.9)
    with pytest.raises(Empty, match="5 calls"):
        purse.reserve_call(Tier.CONFIG, 0.0)


def test_what_identifies_and_what_people_merely_wrote() -> None:
    listing = {
        "Reservations": [{"Instances": [{"InstanceId": "i-1", "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "evil"}]}]}],
        "QueueUrls": ["https://q/1"],
        "Items": [{"Name": "ours", "Description": "see evil", "Labels": {"Name": "evil"}, "TagList": [{"Name": "evil"}]}],
        "Words": ["evil"],
    }
    assert set(identifiers(listing)) == {"i-1", "https://q/1", "ours"}


def entry(
    params: dict[str, Any], at: str, following: dict[str, Any] | None = None, tier: Tier = Tier.CONFIG, error: str | None = None
) -> LedgerEntry:
    identity = Identity(cloud="brook", account="1", principal="p", regions=())
    call = Call(id="s1.c1", identity=identity, region="", service="ponds", operation="List", params=params)
    answered = Answered("s1.c1", 200, error, chain="s1.c1", next_page=following, at=at)
    return LedgerEntry(Sent(call, ATTEMPT, 1, tier), answered, complete=True, blobs=None)  # type: ignore[arg-type]


def test_the_cache_shares_whole_fresh_good_chains_only() -> None:
    noon = "2026-01-01T12:00:00.000Z"
    clock = [1767268800.0]
    cache = Cache(clock=lambda: clock[0])
    first, second = entry({}, noon, {"page": "2"}), entry({"page": "2"}, noon)
    cache.keep(first)
    assert cache.get(question(first.call)) is None, "its second page is missing"
    cache.keep(second)
    assert cache.get(question(first.call)) is first
    for bad in (entry({"a": 1}, noon, error="Denied"), entry({"b": 1}, noon, tier=Tier.TELEMETRY)):
        cache.keep(bad)
        assert cache.get(question(bad.call)) is None
    clock[0] += MAX_AGE_SECONDS + 1
    assert cache.get(question(first.call)) is None
    circle = entry({"c": 1}, noon, {"c": 1})
    cache.keep(circle)
    assert cache.get(question(circle.call)) is None


def test_a_leader_that_is_given_up_still_lands_on_record(bench: Callable[..., Bench], brook: Brook) -> None:
    made = bench()
    brook.delay = 0.3

    async def given_up() -> None:
        task = asyncio.ensure_future(made.pipeline.handle(request("frogs"), made.attempt))
        await asyncio.sleep(0.1)
        task.cancel()
        await made.attempt.settle()

    asyncio.run(given_up())
    assert [entry.status for entry in made.ledger.replies(1)] == [200]
