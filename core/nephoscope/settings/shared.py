"""Where a database is that a team shares. A password in its URL is shown to nobody."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, SecretStr

from nephoscope.settings.reference import KeyReference

_PARAMETER = re.compile(r"(?<=[?&]password=)[^&]+", re.IGNORECASE)


def has_password(url: str) -> bool:
    """Whether one stands in it."""
    return shown(url) != url


def shown(url: str) -> str:
    """The URL for people."""
    scheme, there, rest = url.partition("://") if "://" in url else ("", "", url)
    info, at, place = rest.rpartition("@")
    user, colon, _ = info.partition(":")
    return f"{scheme}{there}{user}{':***' if colon else ''}{at}{_PARAMETER.sub('***', place)}"


StoreURL = Annotated[SecretStr, PlainSerializer(lambda url: shown(url.get_secret_value()), when_used="json")]


class SharedStore(BaseModel):
    """``owner``: who we are, for others to read; empty: whoever is logged in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: StoreURL = SecretStr("")
    """Empty: everything is kept on this machine."""
    password: KeyReference | None = None
    owner: str = ""
