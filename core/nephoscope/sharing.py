"""The database that a team shares, where the settings name one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nephoscope.interfaces import Address, UsageError
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.team import Team

_ALSO = {"postgres": "postgresql"}
"""Schemes that people write for others."""


@contextlib.contextmanager
def opened(settings: Settings, plugins: Plugins) -> Iterator[Team | None]:
    """The shared database, its tables up to date; ``None`` where everything is kept on this machine.

    Raises ``UsageError``, ``CredentialsError`` or ``EndpointError`` when it cannot be used.
    """
    url = settings.store.url.get_secret_value().strip()
    if not url:
        yield None
        return
    scheme, separator, rest = url.partition("://")
    name = _ALSO.get(scheme, scheme)
    store = plugins.stores.get(name) if separator else None
    if store is None:
        known = ", ".join(f"{one}://" for one in plugins.stores)
        what = f"no store for {scheme}:// is installed" if separator else "store.url is no URL"
        raise UsageError(what, f"there is: {known}; pip install 'nephoscope[postgres]' brings postgresql://")
    password = settings.store.password.resolve() if settings.store.password else ""
    with contextlib.closing(store.open(Address(f"{name}://{rest}", password))) as database:
        yield Team(database, settings.store.owner)
