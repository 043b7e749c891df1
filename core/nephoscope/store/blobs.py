"""Content-addressed files: scripts, redacted replies, results."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

from nephoscope.interfaces.errors import NephoscopeError
from nephoscope.models import Json, JsonValue

_HASH = re.compile(r"[0-9a-f]{64}")


class BlobError(NephoscopeError):
    """A blob is missing or not what its name says."""


class BlobStore:
    """Bytes by their SHA-256 under one folder. A blob is whole or not there; writing the same bytes twice is free."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes) -> str:
        """Store and return the hash. Durable when it returns. Raises ``OSError``, for example on a full disk."""
        name = hashlib.sha256(data).hexdigest()
        target = self._path(name)
        if target.exists():
            return name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(target, data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes, checked against their hash. Raises ``BlobError``."""
        if not _HASH.fullmatch(name):
            raise BlobError(f"{name[:80]!r} is not a blob's name")
        try:
            data = self._path(name).read_bytes()
        except OSError as error:
            raise BlobError(f"blob {name} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != name:
            raise BlobError(f"blob {name} was changed after it was written")
        return data

    def put_json(self, value: Json) -> str:
        """Store a document in its canonical form (sorted keys, no spaces)."""
        return self.put(canonical(value).encode())

    def get_json(self, name: str) -> JsonValue:
        """The document stored under ``name``. Raises ``BlobError``."""
        document: JsonValue = json.loads(self.get(name))
        return document

    def __contains__(self, name: str) -> bool:
        return bool(_HASH.fullmatch(name)) and self._path(name).exists()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    @staticmethod
    def _write(target: Path, data: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


def canonical(value: Json) -> str:
    """JSON text that is equal for equal values. Lone surrogates, which no file or database takes, become question marks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace").decode()
