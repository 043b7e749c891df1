"""Keys are never written into settings: a setting says where the key is, and it is read there when it is used."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from nephoscope.interfaces import UsageError

SCHEMES = ("env", "file", "keyring")


@dataclass(frozen=True)
class KeyReference:
    """Where a key is: ``env:NAME``, ``file:PATH`` (nobody else may read it) or ``keyring:NAME``. Never holds the key."""

    scheme: str
    place: str

    @classmethod
    def parse(cls, text: object) -> KeyReference:
        """The reference in the text. Raises ``ValueError`` that does not repeat the text, which may be the key itself."""
        if isinstance(text, cls):
            return text
        scheme, _, place = str(text).partition(":")
        if scheme not in SCHEMES or not place:
            raise ValueError(
                "a key itself may not stand in settings. Put it into an environment variable and write env:NAME, "
                "or into a file of mode 600 and write file:PATH, or into the keyring and write keyring:NAME"
            )
        return cls(scheme, place)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.place}"

    def resolve(self) -> str:
        """The key, read now. Do not keep it. Raises ``UsageError``."""
        key = {"env": self._from_env, "file": self._from_file, "keyring": self._from_keyring}[self.scheme]().strip()
        if not key:
            raise UsageError(f"There is no key at {self}: it is empty.", f"put the key there, or change the setting that says {self}")
        return key

    def _from_env(self) -> str:
        return os.environ.get(self.place, "")

    def _from_file(self) -> str:
        path = Path(self.place).expanduser()
        try:
            with path.open(encoding="utf-8") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise UsageError(f"The key file {path} can be read by others.", f"chmod 600 {path}")
                return file.read(65536)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"The key file {path} cannot be read: {error}.", f"create it with mode 600, or change the setting that says {self}"
            ) from None

    def _from_keyring(self) -> str:
        try:
            import keyring
        except ImportError:
            raise UsageError(f"{self} needs the package keyring, which is not installed.", "pip install keyring, or use env:NAME") from None
        try:
            return str(keyring.get_password("nephoscope", self.place) or "")
        except Exception as error:  # back ends raise their own kinds
            raise UsageError(f"The keyring does not answer: {error}.", "use env:NAME or file:PATH") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse, serialization=core_schema.to_string_ser_schema())
