"""A recorded run instead of a cloud: the same answers in the same places, nothing ever sent."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_cloud import Brook

from nephoscope.boundary.broker.cassette import asking
from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import Opening
from nephoscope.models import Call, Identity, Read
from nephoscope.store import LedgerEntry, LedgerReader

Start = Callable[..., Boundary]
Store = Callable[[str], str]
PONDS = Read(cloud="brook", service="brook", operation="ListPonds")
SCRIPT = """
print(get('ponds'), get('ponds'))
print(get('frogs?n=1'))
print(get('keys/k1'))
print(get('storms?n=2'))
"""


def entries(run_dir: str | Path) -> list[LedgerEntry]:
    reader = LedgerReader(Path(run_dir))
    try:
        return reader.replies()
    finally:
        reader.close()


def told(entry: LedgerEntry) -> tuple[Any, ...]:
    call = entry.call
    return call.id, call.name, dict(call.params), entry.status, entry.error, entry.document, entry.cached_from, entry.observed_at, entry.sent.sends


@pytest.fixture
def recorded(start: Start, opening: Opening, store_script: Store, brook: Brook) -> tuple[str, str, Any]:
    """The script's hash, what it printed, and who ran it; one call was throttled at first."""
    brook.trouble["/v1/frogs?n=1"] = [(429, {"error": "SlowDown"})]
    script = store_script(SCRIPT)
    boundary = start()
    lease = boundary.open(opening)
    boundary.inventory([PONDS])
    result = boundary.execute(1, 1, script, "template:test")
    boundary.close()
    assert result.status == "ok", result
    return script, result.output, lease.identities


@pytest.fixture
def replaying(opening: Opening, recorded: tuple[str, str, Any], brook: Brook, tmp_path: Path) -> Opening:
    """The endpoint is gone, and nothing says where it was."""
    brook.seen.clear()
    (tmp_path / "again" / "blobs").mkdir(parents=True)
    shutil.copytree(tmp_path / "run" / "blobs", tmp_path / "again" / "blobs", dirs_exist_ok=True)
    return opening.model_copy(update={"run_dir": str(tmp_path / "again"), "scopes": (), "cassette": str(tmp_path / "run"), "identities": recorded[2]})


def test_the_same_script_is_told_the_same_and_nothing_is_sent(
    start: Start, opening: Opening, replaying: Opening, recorded: tuple[str, str, Any], brook: Brook
) -> None:
    boundary = start()
    boundary.open(replaying)
    boundary.inventory([PONDS])
    result = boundary.execute(1, 1, recorded[0], "template:test")
    spent = boundary.spent()
    boundary.close()
    assert result.output == recorded[1]
    assert [told(entry) for entry in entries(replaying.run_dir)] == [told(entry) for entry in entries(opening.run_dir)]
    before = LedgerReader(Path(opening.run_dir))
    assert spent == before.spent()
    before.close()
    assert brook.seen == []


def test_what_was_never_asked_is_an_error_and_not_a_call(start: Start, replaying: Opening, store_script: Store, brook: Brook, tmp_path: Path) -> None:
    script = store_script("print(get('frogs?n=77'))\nprint(get('frogs?n=1'))\n")
    shutil.copytree(tmp_path / "run" / "blobs", tmp_path / "again" / "blobs", dirs_exist_ok=True)
    boundary = start()
    boundary.open(replaying)
    result = boundary.execute(2, 1, script, "template:test")
    boundary.close()
    assert "NotRecorded" in result.output
    found = entries(replaying.run_dir)
    assert [(entry.error, entry.status) for entry in found] == [("NotRecorded", 0), (None, 200)], "asked in another place, it tells the same"
    assert {entry.call.id for entry in found}.isdisjoint(entry.call.id for entry in entries(replaying.cassette))
    assert brook.seen == []


def test_a_replay_refuses_what_a_run_refuses(start: Start, replaying: Opening, store_script: Store, brook: Brook, tmp_path: Path) -> None:
    script = store_script("print(get('ponds', method='DELETE'))\n")
    shutil.copytree(tmp_path / "run" / "blobs", tmp_path / "again" / "blobs", dirs_exist_ok=True)
    boundary = start()
    boundary.open(replaying)
    assert "403" in boundary.execute(2, 1, script, "template:test").output
    boundary.close()
    assert (entries(replaying.run_dir), brook.seen) == ([], [])


def test_idempotency_tokens_make_no_other_question() -> None:
    who = Identity(cloud="sky", account="1", principal="me", regions=())

    def ask(**params: Any) -> str:
        return asking(Call(identity=who, region="", service="s", operation="o", params=params))

    assert ask(Name="x", ClientToken="1") == ask(Name="x", ClientToken="2") == ask(Name="x")
    assert ask(Deep={"client_request_token": "1", "a": 1}) == ask(Deep={"a": 1})
    assert ask(Name="x", NextToken="1") != ask(Name="x", NextToken="2")
