"""A run as one file to hand over: report, record, ledger and the blobs they cite, each with its hash. Nothing in it is a database or a path.

A bundle comes from elsewhere and is read as such: known names only, no more bytes than it may have, every hash checked before use.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Final, Literal

from pydantic import Field, ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen, JsonValue
from nephoscope.store.blobs import BlobError, BlobStore, canonical
from nephoscope.store.ledger import BLOBS, Ledger, LedgerReader
from nephoscope.store.run import REHEARSALS, SKILLS_USED, RunStore

FORMAT: Final = "nephoscope.bundle/1"
MANIFEST, REPORT, RUN, LEDGER = "manifest.json", "report.json", "run.json", "ledger.json"
KEPT = ("words", "started_at", "conditions", "opened", "identities", REHEARSALS, SKILLS_USED)
"""Values of a run that leave with it. Scopes stay: they name profiles, roles and endpoints of the machine they were made on."""
RUN_TABLES = ("steps", "attempts", "questions", "model_calls")
MOST_BYTES = 512 * 1024 * 1024
MOST_FILES = 50_000
LARGEST = 64 * 1024 * 1024
_BLOB = re.compile(r"blobs/([0-9a-f]{64})")
_ID = re.compile(r"r-[0-9a-f]{4,32}")
_CALL_ID = re.compile(r"s\d{1,6}\.[cr]\d{1,9}")
_EPOCH = (1980, 1, 1, 0, 0, 0)

Row = Mapping[str, str | int | float | None]
Tables = Mapping[str, tuple[Row, ...]]


class Manifest(Frozen):
    """What a bundle says of itself. ``files``: SHA-256 by name."""

    format: Literal["nephoscope.bundle/1"] = FORMAT
    id: str
    versions: Mapping[str, str] = Field(default_factory=dict)
    files: Mapping[str, str] = Field(default_factory=dict)


class RunRecord(Frozen):
    """The engine's record as it travels."""

    values: Mapping[str, JsonValue] = Field(default_factory=dict)
    tables: Tables = Field(default_factory=dict)


class LedgerRecord(Frozen):
    """The ledger as it travels."""

    tables: Tables = Field(default_factory=dict)


class Bundle(Frozen):
    """A bundle that was read and found whole."""

    manifest: Manifest
    report: JsonValue
    run: RunRecord
    ledger: LedgerRecord
    blobs: Mapping[str, bytes]


def write_bundle(target: Path, run_dir: Path, report: JsonValue, values: Mapping[str, JsonValue], versions: Mapping[str, str]) -> None:
    """Write a run as a bundle; the same run gives the same bytes. Raises :class:`UsageError`."""
    store, ledger = RunStore(run_dir, readonly=True), LedgerReader(run_dir)
    try:
        run, rows = RunRecord(values=values, tables=_tuples(store.tables(RUN_TABLES))), LedgerRecord(tables=_tuples(ledger.tables()))
        files = {REPORT: canonical(report).encode(), RUN: _json(run), LEDGER: _json(rows)}
        files |= {f"blobs/{name}": store.blobs.get(name) for name in sorted(_cited(run, rows))}
    finally:
        store.close()
        ledger.close()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = Manifest(id=run_dir.name, versions=versions, files=hashes)
    fresh = target.with_name(f".{target.name}.new")
    try:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in {MANIFEST: _json(manifest), **files}.items():
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
        fresh.chmod(0o600)
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"{target} cannot be written: {error.strerror}", "give a file in a folder you may write to") from error


def read_bundle(path: Path) -> Bundle:
    """A bundle, checked. Raises :class:`UsageError` for whatever is not one, is damaged, or is larger than a run can be."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(path, archive)
    except (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
        if isinstance(error, FileNotFoundError):
            raise UsageError(f"there is no file {path}", "give the path of a bundle that nephoscope runs export wrote") from error
        raise _bad(path, str(error) or type(error).__name__) from error


def unpack(bundle: Bundle, run_dir: Path) -> None:
    """Make a run directory of a bundle, which must not be there yet. Raises :class:`UsageError`."""
    run_dir.mkdir(mode=0o700, parents=True)
    blobs = BlobStore(run_dir / BLOBS)
    for data in bundle.blobs.values():
        blobs.put(data)
    store, ledger = RunStore(run_dir), Ledger(run_dir)
    try:
        store.put_all(bundle.run.values)
        store.put("imported", {"versions": dict(bundle.manifest.versions)})
        store.restore(bundle.run.tables)
        ledger.restore(bundle.ledger.tables)
        ledger.refused()
        for attempt in store.attempts():
            store.blobs.get(attempt.script)
        store.steps(), store.questions()
        for entry in ledger.replies():
            _ = entry.document
    except (sqlite3.Error, ValueError, TypeError, KeyError, BlobError) as error:
        raise UsageError(f"the bundle of {bundle.manifest.id} holds rows that do not fit: {error}", "export it again where it was made") from error
    finally:
        store.close()
        ledger.close()


def _read(path: Path, archive: zipfile.ZipFile) -> Bundle:
    members = archive.infolist()
    names = [one.filename for one in members]
    if len(names) > MOST_FILES or len(set(names)) != len(names):
        raise _bad(path, "too many or repeated files")
    strange = [name for name in names if name not in (MANIFEST, REPORT, RUN, LEDGER) and not _BLOB.fullmatch(name)]
    if strange:
        raise _bad(path, f"{strange[0][:80]!r} does not belong into one")
    left, files = MOST_BYTES, {}
    for member in members:
        with archive.open(member) as stream:
            files[member.filename] = data = _bounded(stream, min(LARGEST, left), path)
        left -= len(data)
    missing = [name for name in (MANIFEST, REPORT, RUN, LEDGER) if name not in files]
    if missing:
        raise _bad(path, f"{missing[0]} is missing")
    return _checked(path, files)


def _bounded(stream: IO[bytes], room: int, path: Path) -> bytes:
    data = stream.read(room + 1)
    if len(data) > room:
        raise _bad(path, "it is larger than a run can be")
    return data


def _checked(path: Path, files: Mapping[str, bytes]) -> Bundle:
    try:
        document = json.loads(files[MANIFEST])
        if isinstance(document, dict) and document.get("format") != FORMAT:
            raise _bad(path, f"it has the format {str(document.get('format'))[:80]!r}, this program reads {FORMAT}")
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        raise _bad(path, "its manifest is not one") from error
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != MANIFEST}
    if hashes != manifest.files:
        changed = sorted(name for name in {*hashes, *manifest.files} if hashes.get(name) != manifest.files.get(name))
        raise _bad(path, f"{changed[0][:80]} was changed after it was written, or is missing")
    blobs = {match[1]: files[name] for name in files if (match := _BLOB.fullmatch(name))}
    wrong = [name for name, data in blobs.items() if hashlib.sha256(data).hexdigest() != name]
    if wrong or not _ID.fullmatch(manifest.id):
        raise _bad(path, "a name in it is not what it should be")
    try:
        run, rows = RunRecord.model_validate_json(files[RUN]), LedgerRecord.model_validate_json(files[LEDGER])
    except ValidationError as error:
        raise _bad(path, "its record is not one") from error
    ids = [str(row.get(key)) for name, key in (("calls", "call_id"), ("refusals", "refusal_id")) for row in rows.tables.get(name, ())]
    if not set(run.tables) <= set(RUN_TABLES) or not set(run.values) <= set(KEPT) or not all(_CALL_ID.fullmatch(one) for one in ids):
        raise _bad(path, "its record holds what no run has")
    return Bundle(manifest=manifest, report=json.loads(files[REPORT]), run=run, ledger=rows, blobs=blobs)


def _bad(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is no bundle that can be used: {why}", "export it again: nephoscope runs export ID bundle.zip")


def _tuples(tables: Mapping[str, Iterable[Row]]) -> dict[str, tuple[Row, ...]]:
    return {name: tuple(rows) for name, rows in tables.items()}


def _cited(run: RunRecord, ledger: LedgerRecord) -> set[str]:
    """Hashes of every blob that a row names."""
    places = [(ledger.tables, "answers", ("blob", "wire")), (run.tables, "attempts", ("script",)), (run.tables, "model_calls", ("request", "reply"))]
    return {str(row[key]) for tables, name, keys in places for row in tables.get(name, ()) for key in keys if row.get(key)}


def _json(value: Frozen) -> bytes:
    return canonical(value.model_dump(mode="json")).encode()
