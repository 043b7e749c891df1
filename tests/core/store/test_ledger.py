"""The ledger: two rows a call, durable before anybody goes on, readable while it is written."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Call, Identity, Tier
from nephoscope.store import BROKER, Answered, Ledger, LedgerReader, Position, Refusal, Sent, question

WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("r1",), alias="worthless")
FIRST = Position(step=1, attempt=1, script_hash="ab" * 32)


def sent(number: int, params: dict[str, Any] | None = None, position: Position = FIRST, occurrence: int = 1, tier: Tier = Tier.CONFIG) -> Sent:
    call = Call(id=f"s{position.step}.c{number}", identity=WHO, region="r1", service="ponds", operation="List", params=params or {"n": number})
    return Sent(call, position, occurrence, tier, "reviewed", "ponds.List")


def answer(number: int, step: int = 1, **more: Any) -> Answered:
    return replace(Answered(f"s{step}.c{number}", 200, chain=f"s{step}.c{number}", usd=0.01, at="2026-01-01T00:00:00.000Z"), **more)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as opened:
        yield opened


def test_a_call_is_two_rows_and_reads_back_whole(ledger: Ledger, tmp_path: Path) -> None:
    blob = ledger.blobs.put_json({"items": [1]})
    ledger.sent(sent(1, {"deep": {"ü": [1, None, True]}}))
    reader = LedgerReader(tmp_path)
    assert reader.replies() == []
    assert [row.call.id for row in reader.unanswered(FIRST)] == ["s1.c1"]
    ledger.answered(answer(1, blob=blob))
    (entry,) = reader.replies(1)
    assert entry.sent == replace(sent(1, {"deep": {"ü": [1, None, True]}}), at=entry.sent.at)
    assert (entry.answered, entry.document, entry.complete) == (answer(1, blob=blob), {"items": [1]}, True)
    assert entry.reply.document == {"items": [1]}
    assert entry.reply.observed_at == "2026-01-01T00:00:00.000Z"
    assert reader.unanswered(FIRST) == []
    assert reader.replies(2) == []
    assert reader.reply("s1.c1") is not None
    assert reader.reply("s9.c9") is None


def test_a_reader_cannot_write_and_needs_a_ledger(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        LedgerReader(tmp_path)._connection.execute("DELETE FROM calls")
    with pytest.raises(UsageError):
        LedgerReader(tmp_path / "nowhere")


def test_a_newer_or_damaged_file_is_told(ledger: Ledger, tmp_path: Path) -> None:
    ledger._connection.execute("PRAGMA user_version=99")
    ledger.close()
    for opening in (Ledger, LedgerReader):
        with pytest.raises(UsageError, match="newer"):
            opening(tmp_path)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "ledger.db").write_bytes(b"no database at all" * 100)
    for opening in (Ledger, LedgerReader):
        with pytest.raises(UsageError, match="cannot be"):
            opening(tmp_path / "damaged")


def test_the_file_is_for_its_owner_alone(ledger: Ledger, tmp_path: Path) -> None:
    assert (tmp_path / "ledger.db").stat().st_mode & 0o077 == 0


def test_chains_are_complete_from_first_page_to_last(ledger: Ledger) -> None:
    pages = [(1, "s1.c1", {"page": 2}, None), (2, "s1.c1", None, None), (3, "s1.c3", {"page": 2}, None), (4, "", None, None)]
    failed = [(5, "s1.c5", {"page": 2}, None), (6, "s1.c5", None, "Denied")]
    for number, chain, following, error in pages + failed:
        ledger.sent(sent(number))
        ledger.answered(answer(number, chain=chain, next_page=following, error=error))
    assert [entry.complete for entry in ledger.replies()] == [True, True, False, False, False, False]


def test_spending_counts_sendings_not_hits(ledger: Ledger) -> None:
    ledger.sent(sent(1))
    ledger.sent_again("s1.c1")
    ledger.answered(answer(1))
    ledger.served(sent(2, {"n": 1}, occurrence=2), answer(2, cached_from="s1.c1", usd=0.0))
    ledger.sent(sent(3, tier=Tier.TELEMETRY))
    ledger.sent(sent(4))
    ledger.answered(answer(4, usd=None))
    ledger.charge("model", 0.5)
    spent = ledger.spent()
    assert (spent.calls, spent.upstream, spent.cached, spent.refused, spent.telemetry) == (4, 4, 1, 0, 1)
    assert (spent.usd, spent.model_usd, spent.unpriced, spent.by_operation) == (pytest.approx(0.01), 0.5, ("ponds:List",), {"ponds:List": 4})


def test_one_place_holds_one_call(ledger: Ledger) -> None:
    ledger.sent(sent(1, {"n": 1}))
    with pytest.raises(sqlite3.IntegrityError):
        ledger.sent(sent(2, {"n": 1}))
    ledger.sent(sent(3, {"n": 1}, occurrence=2))
    ledger.sent(sent(1, {"n": 1}, position=BROKER))
    assert ledger.last_numbers() == {"s1.c": 3, "s0.c": 1}


def test_refusals_once_each_until_the_call_is_made(ledger: Ledger) -> None:
    call = sent(1).call
    refusal = Refusal("s1.r1", FIRST, call, "GET x", "not_granted", "because", Tier.DATA, "--grant data", "ponds.List", at="t")
    ledger.refuse(refusal)
    ledger.refuse(replace(refusal, id="s1.r2"))
    ledger.refuse(Refusal("s1.r3", FIRST, None, "GET y", "ambiguous", "because", at="t"))
    kept = ledger.refused(1)
    assert kept[0] == replace(refusal, call=call.model_copy(update={"id": "s1.r1"}))
    assert [row.id for row in kept] == ["s1.r1", "s1.r3"]
    assert kept[1].call is None
    assert ledger.refused(2) == []
    ledger.sent(sent(1))
    assert [row.id for row in ledger.refused()] == ["s1.r3"]


def test_what_is_kept_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.keep("key", "one") == ledger.keep("key", "two") == "one"
    ledger.close()
    with closing(Ledger(tmp_path)) as later:
        assert later.keep("key", "three") == "one"


def test_a_second_writer_waits_for_the_first_and_then_says_so(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nephoscope.store.ledger.HANDOVER_SECONDS", 0.2)
    with pytest.raises(UsageError, match="still writes"):
        Ledger(tmp_path)
    monkeypatch.setattr("nephoscope.store.ledger.HANDOVER_SECONDS", 5.0)
    threading.Timer(0.2, ledger.close).start()
    Ledger(tmp_path).close()


def test_a_full_disk_writes_nothing_and_says_so(ledger: Ledger) -> None:
    pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
    ledger._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        for number in range(1, 200):
            ledger.sent(sent(number, {"n": number, "pad": "x" * 500}))
    before = len(ledger.unanswered(FIRST))
    ledger._connection.execute("PRAGMA max_page_count=100000")
    ledger.sent(sent(999))
    assert len(ledger.unanswered(FIRST)) == before + 1


def test_a_question_is_who_where_and_what() -> None:
    call = sent(1).call
    other = Identity(cloud="brook", account="4711", principal="writer", regions=("r1",))
    different = [{"identity": other}, {"region": "r2"}, {"service": "frogs"}, {"operation": "Get"}, {"params": {"n": "1"}}]
    assert question(call) == question(call.model_copy(update={"id": "s9.c9"}))
    assert len({question(call), *(question(call.model_copy(update=update)) for update in different)}) == 6
