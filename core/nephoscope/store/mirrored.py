"""A record that is copied elsewhere around each paid request, and the copying: so that whoever goes on with it knows what was paid."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from nephoscope.models import JsonValue
from nephoscope.store.run import ModelCall, RunStore

_PASSING = (".lock", "-wal", "-shm", "-journal")


class MirroredStore(RunStore):
    """``copied`` is called when a request is about to leave, and leaves only if that does not raise; and when its reply is kept."""

    def __init__(self, run_dir: Path, copied: Callable[[], None]) -> None:
        super().__init__(run_dir)
        self._copied = copied

    def model_sent(self, call: ModelCall, document: str) -> int:
        """See :class:`RunStore`."""
        number = super().model_sent(call, document)
        self._copied()
        return number

    def model_ended(self, number: int, call: ModelCall, reply: JsonValue) -> None:
        """See :class:`RunStore`."""
        super().model_ended(number, call, reply)
        self._copied()


class Copying:
    """What has changed in a folder since it was last asked. Databases are read as they are at one moment, whoever writes to them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def changed(self) -> dict[str, bytes]:
        """New and changed files by their path in the folder."""
        found: dict[str, bytes] = {}
        for path in sorted(self._folder.rglob("*")):
            name = path.relative_to(self._folder).as_posix()
            if path.name == "lock" or path.name.endswith(_PASSING) or path.is_symlink() or not path.is_file():
                continue
            stamp = path.stat()
            mark = f"{stamp.st_size} {stamp.st_mtime_ns}" if path.suffix != ".db" else ""
            if mark and self._known.get(name) == mark:
                continue
            data = path.read_bytes() if mark else _database(path)
            mark = mark or hashlib.sha256(data).hexdigest()
            if self._known.get(name) != mark:
                found[name], self._known[name] = data, mark
        return found

    def restore(self, files: Mapping[str, bytes]) -> None:
        """Put these files there."""
        put(self._folder, files)


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each file whole or as it was. Raises ``ValueError`` for a name that leads out of the folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{name!r} leads out of {folder}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(data)
        fresh.chmod(0o600)
        fresh.replace(path)


def _database(path: Path) -> bytes:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        return copy.serialize()
