"""Bundles: the same run gives the same bytes, and nothing that is not one gets in."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Call, Check, Identity, Script, Tier, Usage
from nephoscope.store import Answered, Ledger, LedgerReader, Position, Sent
from nephoscope.store import bundle as bundles
from nephoscope.store.bundle import read_bundle, unpack, write_bundle
from nephoscope.store.run import ModelCall, RunStore

WHO = Identity(cloud="sky", account="1", principal="me", regions=("eu",), alias="A")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run with one answered call, one script and one model's reply."""
    folder = tmp_path / "r-abcdef"
    folder.mkdir()
    store, ledger = RunStore(folder), Ledger(folder)
    check = Check(id="c", intent="look", cloud="sky")
    store.put_all({"words": "it hurts", "scopes": [{"cloud": "sky", "options": {"profile": "secret-name"}}]})
    store.plan_step(1, check)
    script = store.intend(1, 1, Script(source="print()\n", check=check, cloud="sky", author="person"))
    asked = ModelCall(hashlib.sha256(b'{"prompt":"why"}').hexdigest(), "planner", "plan", "m:x", Usage())
    store.model_ended(store.model_sent(asked, '{"prompt":"why"}'), asked, {"text": "because"})
    call = Call(id="s1.c1", identity=WHO, region="eu", service="store", operation="List", params={"Name": "x"})
    ledger.keep("redaction_key", "00" * 32)
    ledger.sent(Sent(call, Position(1, 1, script), 1, Tier.CONFIG, at="t"))
    ledger.answered(Answered("s1.c1", 200, blob=ledger.blobs.put_json({"Names": ["x"]}), wire=ledger.blobs.put(b"{}"), chain="s1.c1", at="t"))
    ledger.blobs.put(b"nobody cites this")
    store.close()
    ledger.close()
    return folder


@pytest.fixture
def bundle(run_dir: Path, tmp_path: Path) -> Path:
    target = tmp_path / "bundle.zip"
    write_bundle(target, run_dir, {"id": "r-abcdef"}, {"words": "it hurts"}, {"core": "1"})
    return target


def test_what_goes_in_comes_out(bundle: Path, tmp_path: Path) -> None:
    unpack(read_bundle(bundle), tmp_path / "again")
    ledger, store = LedgerReader(tmp_path / "again"), RunStore(tmp_path / "again", readonly=True)
    (entry,) = ledger.replies()
    assert (entry.call.params, entry.document, entry.complete, entry.call.identity) == ({"Name": "x"}, {"Names": ["x"]}, True, WHO)
    (attempt,) = store.attempts()
    assert store.blobs.get(attempt.script) == b"print()\n"
    assert store.get("words") == "it hurts"
    assert store.get("scopes") is None


def test_the_same_run_gives_the_same_bytes(bundle: Path, run_dir: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "second.zip", run_dir, {"id": "r-abcdef"}, {"words": "it hurts"}, {"core": "1"})
    assert (tmp_path / "second.zip").read_bytes() == bundle.read_bytes()


def test_keys_scopes_and_what_nobody_cites_stay(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for word in (b"redaction_key", b"00" * 32, b"secret-name", b"nobody cites this"):
        assert word not in everything


def test_what_a_model_said_goes_with_it(bundle: Path, tmp_path: Path) -> None:
    unpack(read_bundle(bundle), tmp_path / "again")
    store = RunStore(tmp_path / "again", readonly=True)
    (call,) = store.model_calls()
    assert store.model_reply(call.request) == {"text": "because"}
    assert store.blobs.get_json(call.request) == {"prompt": "why"}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], Any], *, honest: bool = True) -> None:
    """The bundle with other files; ``honest``: its manifest says so."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if honest and "manifest.json" in files:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "manifest.json"}
        files["manifest.json"] = json.dumps(manifest).encode()
    packed(path, files)


def packed(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def with_ledger(change: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    def apply(files: dict[str, bytes]) -> None:
        document = json.loads(files["ledger.json"])
        change(document["tables"])
        files["ledger.json"] = json.dumps(document).encode()

    return apply


def with_manifest(**values: Any) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({"manifest.json": json.dumps({**json.loads(files["manifest.json"]), **values}).encode()})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda files: files.update({"../../evil": b"x"}), "does not belong"),
        (lambda files: files.update({"/etc/evil": b"x"}), "does not belong"),
        (lambda files: files.update({"blobs/../run.json": b"x"}), "does not belong"),
        (lambda files: files.update({"blobs/" + "0" * 64: b"x"}), "not what it should be"),
        (lambda files: files.pop("ledger.json"), "is missing"),
        (lambda files: files.pop("manifest.json"), "is missing"),
        (with_manifest(format="nephoscope.bundle/9"), "nephoscope.bundle/9"),
        (with_manifest(id="../../home"), "not what it should be"),
        (lambda files: files.update({"run.json": b"[]"}), "its record is not one"),
        (lambda files: files.update({"run.json": b'{"values": {"scopes": []}}'}), "holds what no run has"),
        (lambda files: files.update({"run.json": b'{"tables": {"meta; DROP TABLE steps": []}}'}), "holds what no run has"),
        (lambda files: files.update({"report.json": b"[" * 100_000}), "no bundle"),
        (with_ledger(lambda tables: tables["calls"][0].update(call_id="s1.c1'; --")), "holds what no run has"),
    ],
)
def test_what_is_no_bundle_is_refused(bundle: Path, change: Any, says: str) -> None:
    rewritten(bundle, change)
    with pytest.raises(UsageError, match="no bundle that can be used") as caught:
        read_bundle(bundle)
    assert says in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        with_ledger(lambda tables: tables["calls"][0].update(identity="{}")),
        with_ledger(lambda tables: tables["calls"][0].update(tier="everything")),
        with_ledger(lambda tables: tables["calls"].append(dict(tables["calls"][0]))),
        with_ledger(lambda tables: tables["answers"][0].update(blob="0" * 64)),
        with_ledger(lambda tables: tables["calls"][0].pop("operation")),
    ],
)
def test_rows_that_do_not_fit_are_refused(bundle: Path, tmp_path: Path, change: Any) -> None:
    rewritten(bundle, change)
    with pytest.raises(UsageError, match="rows that do not fit"):
        unpack(read_bundle(bundle), tmp_path / "again")


@pytest.mark.parametrize("name", ["report.json", "run.json", "ledger.json"])
def test_a_changed_file_is_noticed(bundle: Path, name: str) -> None:
    rewritten(bundle, lambda files: files.update({name: files[name].replace(b"r-abcdef", b"r-fedcba") + b" "}), honest=False)
    with pytest.raises(UsageError, match="was changed after it was written"):
        read_bundle(bundle)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip at all", b"\x00" * 4096])
def test_other_files_are_no_bundles(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(UsageError, match="no bundle"):
        read_bundle(tmp_path / "x.zip")
    with pytest.raises(UsageError, match="there is no file"):
        read_bundle(tmp_path / "missing.zip")


def test_every_cut_and_every_flipped_byte_is_an_error_in_words(bundle: Path) -> None:
    whole = bundle.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            bundle.write_bytes(damaged)
            try:
                read_bundle(bundle)  # a date in the zip's own tables may be changed without harm
            except UsageError:
                continue


def test_a_bomb_is_not_unpacked(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LARGEST", 1_000_000)
    rewritten(bundle, lambda files: files.update({"report.json": b" " * 50_000_000}))
    assert bundle.stat().st_size < 100_000
    with pytest.raises(UsageError, match="larger than a run can be"):
        read_bundle(bundle)


def test_repeated_names_are_refused(bundle: Path) -> None:
    with zipfile.ZipFile(bundle, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("report.json", b"{}")
    with pytest.raises(UsageError, match="repeated"):
        read_bundle(bundle)
