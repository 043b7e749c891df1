"""The boundary process from the engine's side, against a real server on loopback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from toy_cloud import ACCOUNT, Brook

from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import Opening, Pointer
from nephoscope.interfaces import BoundaryGone, CredentialsError, IsolationError, UsageError
from nephoscope.models import Budget, Read, Scope, Tier
from nephoscope.store import LedgerReader

Start = Callable[..., Boundary]
Store = Callable[[str], str]
PONDS = Read(cloud="brook", service="ponds", operation="List")


def run(boundary: Boundary, script_hash: str, step: int = 1, attempt: int = 1) -> Any:
    return boundary.execute(step, attempt, script_hash, "template:test")


def reader(opening: Opening) -> LedgerReader:
    return LedgerReader(Path(opening.run_dir))


def test_a_script_is_answered_and_every_call_is_on_record(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    events: list[Any] = []
    boundary = start(on_event=events.append)
    lease = boundary.open(opening)
    assert lease.identities[0].account == ACCOUNT
    result = run(boundary, store_script("print(get('ponds/pond-1')['depth'])"))
    assert (result.status, result.output.strip(), result.calls) == ("ok", "1", ("s1.c1",))
    entry = reader(opening).replies(1)[0]
    assert (entry.call.name, entry.call.params, entry.status, entry.by, entry.complete) == ("ponds:Get", {"id": "pond-1"}, 200, "script", True)
    assert entry.document == {"id": "pond-1", "depth": 1, "note": "fed by mill-stream"}
    assert brook.seen.count("GET /v1/ponds/pond-1") == 1
    assert [event["phase"] for event in events if event["id"] == "s1.c1"] == ["sent", "answered"]
    boundary.close()
    assert not boundary.alive


def test_listings_of_the_broker_are_whole_chains_in_step_0(start: Start, opening: Opening) -> None:
    boundary = start()
    boundary.open(opening)
    assert boundary.inventory([PONDS]) == ["s0.c1", "s0.c2", "s0.c3"]
    entries = reader(opening).replies(0)
    assert [(entry.by, entry.complete, entry.chain) for entry in entries] == [("broker", True, "s0.c1")] * 3
    assert boundary.inventory([PONDS]) == ["s0.c1", "s0.c2", "s0.c3"]


def test_the_engine_may_reread_single_things_of_ours_only(start: Start, opening: Opening) -> None:
    boundary = start()
    boundary.open(opening)
    wanted = [Read(cloud="brook", service="ponds", operation="Get", params={"id": name}) for name in ("pond-1", "pond-of-others")]
    assert boundary.inventory(wanted) == ["s0.c4"]
    (refusal,) = reader(opening).refused(0)
    assert refusal.call is not None
    assert (refusal.code, refusal.call.params) == ("unknown_owner", {"id": "pond-of-others"})


def test_a_chain_left_early_is_incomplete(start: Start, opening: Opening, store_script: Store) -> None:
    boundary = start()
    boundary.open(opening)
    run(boundary, store_script("get('ponds'); get('ponds?page=p2')"))
    assert [entry.complete for entry in reader(opening).replies(1)] == [False, False]
    run(boundary, store_script("get('ponds?page=p2')\nget('ponds?page=p4')"), step=2)
    assert [entry.complete for entry in reader(opening).replies(2)] == [False, False], "a chain whose first page was not read"
    run(boundary, store_script("get('ponds')\nget('ponds?page=p2')\nget('ponds?page=p4')"), step=3)
    assert [entry.complete for entry in reader(opening).replies(3)] == [True, True, True]


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        ("get('ponds/pond-1', 'DELETE')", "forbidden"),
        ("get('keys/k1')", "forbidden"),
        ("get('fish/f1')", "not_granted"),
        ("get('ponds/stolen-data')", "unknown_owner"),
        ("get('ponds/9999:pond')", "unknown_owner"),
        ("get('stray')", "unknown_owner"),
        ("get('a/b/c')", "ambiguous"),
        ("get('ponds/mill-stream')", "unknown_owner"),
    ],
)
def test_what_may_not_be_asked_never_leaves(start: Start, opening: Opening, store_script: Store, brook: Brook, request_line: str, code: str) -> None:
    boundary = start()
    boundary.open(opening)
    result = run(boundary, store_script(f"print({request_line}[1]['code'])"))
    assert result.output.strip() == code
    refused = reader(opening).refused(1)
    assert [(refusal.code, refusal.id) for refusal in refused] == [(code, "s1.r1")]
    assert reader(opening).replies(1) == []
    assert all(seen.startswith("GET /v1/ponds") and "pond-1" not in seen and "stream" not in seen for seen in brook.seen), brook.seen
    assert "--grant data" in refused[0].needs if code == "not_granted" else True


def test_a_grant_and_an_allowed_resource_open_exactly_that(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening.model_copy(update={"grants": (Tier.DATA,), "allow": ("f1",), "named": ("f2", "pond-of-others")}))
    script = "print(get('fish/f1')[0], get('fish/f2')[0], get('fish/f3')[0], get('ponds/pond-of-others')[1]['code'])"
    assert run(boundary, store_script(script)).output.split() == ["404", "404", "403", "unknown_owner"]


def test_a_mutation_cannot_be_granted(start: Start, opening: Opening) -> None:
    with pytest.raises(UsageError, match="cannot be granted"):
        start().open(opening.model_copy(update={"grants": (Tier.MUTATION,)}))


def test_secrets_never_reach_script_or_disk(start: Start, opening: Opening, store_script: Store) -> None:
    boundary = start()
    boundary.open(opening)
    result = run(boundary, store_script("print(get('frogs/frog-1'))"))
    assert "croak" not in result.output
    assert "redacted:string:11" in result.output
    files = [path.read_bytes() for path in Path(opening.run_dir).rglob("*") if path.is_file()]
    assert not any(b"croak-croak" in data for data in files)
    pointer = Pointer(call="s1.c1", pointer="/password")
    assert boundary.same(pointer, pointer) is True
    assert boundary.same(pointer, Pointer(call="s1.c1", pointer="/pond")) is False
    assert boundary.same(pointer, Pointer(call="s1.c1", pointer="/nowhere")) is None


def test_a_later_run_can_be_compared_with_an_earlier_one(start: Start, opening: Opening, store_script: Store) -> None:
    def password(like: str, name: str) -> object:
        later = opening.model_copy(update={"run_dir": f"{opening.run_dir}-{name}", "like": like})
        shutil.copytree(Path(opening.run_dir) / "blobs", Path(later.run_dir) / "blobs")
        boundary = start()
        boundary.open(later)
        run(boundary, script)
        boundary.close()
        ledger = LedgerReader(Path(later.run_dir))
        document = ledger.replies(1)[0].document
        ledger.close()
        return document["password"] if isinstance(document, dict) else None

    script = store_script("get('frogs/frog-1')")
    first = password("", "first")
    assert password(f"{opening.run_dir}-first", "same") == first
    assert password("", "other") != first
    assert str(first).startswith("‹redacted:")


def test_the_same_question_is_sent_once(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening)
    brook.delay = 0.2
    script = "import concurrent.futures as f\nwith f.ThreadPoolExecutor(16) as p: print(len(list(p.map(lambda _: get('ponds'), range(16)))))"
    assert run(boundary, store_script(script)).output.strip() == "16"
    assert brook.seen.count("GET /v1/ponds") == 1
    entries = reader(opening).replies(1)
    assert len(entries) == 16
    assert {entry.cached_from for entry in entries} == {None, "s1.c1"}
    spent = boundary.spent()
    assert (spent.upstream, spent.cached) == (1, 15)


def test_errors_are_not_cached(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening)
    brook.trouble["/v1/frogs"] = [(403, {"code": "Denied"}), (403, {"code": "Denied"})]
    script = store_script("print(get('frogs')[0])\nprint(get('frogs')[0])\nprint(get('frogs')['items'][0]['id'])")
    assert run(boundary, script).output.split() == ["403", "403", "frog-1"]
    assert [(entry.error, entry.complete) for entry in reader(opening).replies(1)] == [("Denied", False), ("Denied", False), (None, True)]


def test_throttling_is_the_brokers_business(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening)
    brook.trouble["/v1/ponds"] = [(429, {"code": "SlowDown"}), (503, {"code": "Busy"})]
    assert run(boundary, store_script("print(len(get('ponds')['items']))")).output.strip() == "2"
    assert boundary.spent().upstream == 3, "every sending counts"
    assert len(reader(opening).replies(1)) == 1


def test_the_budget_stops_within_one_call(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening.model_copy(update={"budget": Budget(calls=2)}))
    script = "for n in range(5): print(get(f'frogs?n={n}'))"
    output = run(boundary, store_script(script)).output
    assert output.count("budget") >= 3
    assert len(brook.seen) == 2
    assert {refusal.code for refusal in reader(opening).refused(1)} == {"budget"}


def test_model_dollars_come_from_the_same_purse(start: Start, opening: Opening) -> None:
    boundary = start()
    boundary.open(opening.model_copy(update={"budget": Budget(usd=0.10)}))
    assert boundary.reserve(0.08) is None
    assert "--max-usd" in str(boundary.reserve(0.08))
    boundary.settle(0.08, 0.05)
    assert boundary.reserve(0.04) is None
    assert boundary.spent().model_usd == pytest.approx(0.05)


def test_unpriced_operations_are_named_not_free(start: Start, opening: Opening, store_script: Store) -> None:
    boundary = start()
    boundary.open(opening)
    run(boundary, store_script("get('frogs')"))
    assert boundary.spent().unpriced == ("frogs:List",)


def test_an_answer_that_is_no_cloud_is_an_error_and_never_shown(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening)
    brook.trouble["/v1/ponds"] = [(200, "<html>Please log in</html>")]
    assert "Please" not in run(boundary, store_script("print(get('ponds'))")).output
    assert reader(opening).replies(1)[0].error == "UnreadableReply"


def test_expiring_credentials_are_told_and_the_call_stays_open(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    scope = Scope(cloud="brook", options={"endpoint": brook.endpoint, "key": "old"})
    boundary = start()
    boundary.open(opening.model_copy(update={"scopes": (scope,)}))
    script = store_script("print(get('ponds'))")
    with pytest.raises(CredentialsError) as caught:
        run(boundary, script)
    assert (caught.value.expired, caught.value.hint) == (True, "brook login")
    boundary.close()
    again = start()
    again.open(opening)
    assert "pond-1" in run(again, script).output
    assert [entry.call.id for entry in reader(opening).replies(1)] == ["s1.c1"]
    assert again.spent().upstream == 2


def test_trouble_at_opening_is_typed(start: Start, opening: Opening, brook: Brook) -> None:
    boundary = start()
    with pytest.raises(UsageError, match="no installed pack"):
        boundary.open(opening.model_copy(update={"scopes": (Scope(cloud="puddle"),)}))
    with pytest.raises(CredentialsError, match="expired"):
        boundary.open(opening.model_copy(update={"scopes": (Scope(cloud="brook", options={"endpoint": "http://127.0.0.1:1", "key": "expired"}),)}))
    with pytest.raises(IsolationError, match="nonesuch"):
        boundary.open(opening.model_copy(update={"executor": "nonesuch"}))
    with pytest.raises(UsageError, match="lease"):
        boundary.spent()


def test_a_run_is_not_continued_in_another_account(start: Start, opening: Opening, brook: Brook) -> None:
    boundary = start()
    boundary.open(opening)
    elsewhere = Scope(cloud="brook", options={"endpoint": brook.endpoint, "account": "9999"})
    with pytest.raises(UsageError, match="made in brook 4711"):
        boundary.open(opening.model_copy(update={"scopes": (elsewhere,)}))


def test_a_script_that_misuses_its_connections_harms_nobody_else(start: Start, opening: Opening, store_script: Store) -> None:
    boundary = start()
    boundary.open(opening)
    hostile = """
import socket
host, port = os.environ['http_proxy'].removeprefix('http://').split(':')
held = []
for n in range(150):
    try:
        held.append(socket.create_connection((host, int(port)), 2))
        held[-1].sendall([b'GET http://api', os.urandom(300), b'GET / HTTP/1.1\\r\\nX: ' + b'a' * 70000, b'CONNECT a:1 HTTP/1.1\\r\\n\\r\\n'][n % 4])
    except OSError:
        pass
print('done')
"""
    assert run(boundary, store_script(hostile)).output.strip() == "done"
    assert run(boundary, store_script("print(get('ponds/pond-1')['depth'])"), step=2).output.strip() == "1"


def test_the_process_gives_its_memory_to_nobody(start: Start, opening: Opening) -> None:
    boundary = start()
    boundary.open(opening)
    limits = Path(f"/proc/{boundary.pid}/limits").read_text()
    assert next(line for line in limits.splitlines() if "core file" in line).split()[4:6] == ["0", "0"]
    ours = "import ctypes; from nephoscope.boundary.process import guard_memory; guard_memory(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    assert subprocess.run([sys.executable, "-c", ours], capture_output=True, text=True, check=True).stdout.strip() == "0"


def test_without_isolation_only_a_packs_own_script_in_the_demo(start: Start, opening: Opening, store_script: Store) -> None:
    script = store_script("print('ran')")
    boundary = start()
    assert boundary.open(opening.model_copy(update={"demo": False})).isolation == "none"
    with pytest.raises(IsolationError):
        boundary.execute(1, 1, script, "template:x")
    boundary.open(opening)
    assert boundary.execute(1, 1, script, "template:x").output.strip() == "ran"
    for author in ("model:x", "skill:x", "person"):
        with pytest.raises(IsolationError):
            boundary.execute(1, 1, script, author)


@pytest.mark.sandbox
def test_in_the_real_sandbox_the_broker_is_all_there_is(start: Start, opening: Opening, store_script: Store, brook: Brook) -> None:
    boundary = start()
    assert boundary.open(opening.model_copy(update={"executor": "auto", "demo": False})).isolation == "bubblewrap"
    script = store_script(
        "import socket\nprint(len(get('ponds')['items']))\n"
        f"try: socket.create_connection(('127.0.0.1', {brook.server_address[1]}), 3)\nexcept OSError as error: print('alone')"
    )
    result = boundary.execute(1, 1, script, "model:x")
    assert (result.output.split(), result.calls) == (["2", "alone"], ("s1.c1",))
    found = {probe.executor: probe for probe in boundary.probe()}
    assert all(promise.held for promise in found["bubblewrap"].promises if promise.name != "landlock")
    assert not found["unsafe-local"].promises  # nothing is tried without walls


def test_a_boundary_that_dies_is_noticed(start: Start, opening: Opening) -> None:
    boundary = start()
    boundary.open(opening)
    boundary.kill()
    with pytest.raises(BoundaryGone):
        boundary.spent()
