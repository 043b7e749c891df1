"""Whose thing a call reaches for, decided before it is sent: a name can carry data to wherever it points."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from nephoscope.interfaces import Wire
from nephoscope.models import Call, Identity, Json, JsonValue, Read, ResourceRef, texts

Listing = Callable[[Read, Identity], Awaitable[Sequence[JsonValue] | None]]
"""All pages of a listing the broker makes itself; ``None`` when it cannot be read to its end."""

_listing: ContextVar[bool] = ContextVar("listing", default=False)
"""Set in whatever runs to answer an owner question."""
_IDENTIFYING = re.compile(r"(?:name|id|arn|identifier|url|uri|link)s?$", re.IGNORECASE)
_SAID_BY_PEOPLE = re.compile(r"^(?:tag|label|annotation|metadata|environment|variable|parameter|description)", re.IGNORECASE)


@dataclass(frozen=True)
class Foreign:
    """Why a call may not be sent, and the option that would let it."""

    reason: str
    needs: str


class Owners:
    """Answers from accounts, from the broker's own inventory, and from the names the user gave."""

    def __init__(self, identities: Iterable[Identity], listing: Listing, named: Iterable[str] = (), allowed: Iterable[str] = ()) -> None:
        self._accounts = {(identity.cloud, identity.account) for identity in identities}
        self._listing = listing
        self._named = frozenset(named)
        self._allowed = frozenset(allowed)
        self._known: dict[tuple[str, Identity], frozenset[str]] = {}

    async def judge(self, wire: Wire, call: Call) -> Foreign | None:
        """``None`` when the target is ours or the user named it."""
        owner = wire.owner(call)
        if owner is None:
            return Foreign("whose resource it reaches cannot be told from its parameters", "")
        if isinstance(owner, str):
            return self._account(call, owner)
        names = frozenset(filter(None, (owner.native_id, owner.name)))
        if names & self._allowed:
            return None
        listed = await self._inventory(wire, call, owner)
        if listed is None and names & self._named:
            return None
        if listed is not None and names & listed:
            return None
        why = "is not in this account's inventory" if listed is not None else "cannot be looked up in this account's inventory"
        return Foreign(f"{owner.native_type} {owner.label[:200]!r} {why}", f"--allow-resource {owner.label[:200]}")

    def own(self, wire: Wire, call: Call) -> str:
        """The account in scope whose thing a judged call reaches; empty where an option or the person's words let it reach elsewhere."""
        owner = wire.owner(call)
        mine = (call.identity.cloud, call.identity.account) in self._accounts
        if isinstance(owner, ResourceRef):
            elsewhere = frozenset(filter(None, (owner.native_id, owner.name))) & (self._allowed | self._named)
            return "" if elsewhere or not mine else call.identity.account
        return owner if owner == call.identity.account and mine else ""

    def _account(self, call: Call, account: str) -> Foreign | None:
        if (call.identity.cloud, account) in self._accounts or account in self._allowed or self._allowed & frozenset(texts(call.params)):
            return None
        return Foreign(f"it reaches into account {account[:60]}, which is not in scope", f"--allow-resource {account[:60]}")

    async def _inventory(self, wire: Wire, call: Call, owner: ResourceRef) -> frozenset[str] | None:
        read = wire.inventory(owner.native_type, call.identity, owner.region or call.region)
        if read is None or _listing.get() or (read.name, dict(read.params)) == (call.name, dict(call.params)):
            return None  # a listing made to answer this very question must not wait for itself
        key = read.model_dump_json(), call.identity
        if key not in self._known:
            token = _listing.set(True)
            try:
                pages = await self._listing(read, call.identity)
            finally:
                _listing.reset(token)
            if pages is None:
                return None
            self._known[key] = frozenset(name for page in pages for name in identifiers(page))
        return self._known[key]


def identifiers(document: Json, key: str = "") -> Iterator[str]:
    """Strings of a listing that identify its items: names, ids and the like directly in a list or in a list's items.

    Tags, descriptions and environments are skipped: whoever may write those must not be able to make a foreign name ours.
    """
    if isinstance(document, Mapping):
        for name, value in document.items():
            if not _SAID_BY_PEOPLE.match(name):
                yield from identifiers(value, name)
    elif isinstance(document, list | tuple):
        for item in document:
            if isinstance(item, str) and _IDENTIFYING.search(key):
                yield item
            elif isinstance(item, Mapping):
                yield from (value for name, value in item.items() if isinstance(value, str) and _IDENTIFYING.search(name))
                yield from identifiers(item)
