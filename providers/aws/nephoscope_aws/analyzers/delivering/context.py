"""One way under examination, and what is known of the events that should travel on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from nephoscope.interfaces import FactView
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.search import Hop, Route
from nephoscope_aws.analyzers.delivering.words import Words
from nephoscope_aws.delivery import messages
from nephoscope_aws.looking.look import HIDDEN, UNKNOWN, Look
from nephoscope_aws.looking.times import moment

WINDOW = timedelta(hours=24)
_SAMPLE = 20


@dataclass(frozen=True)
class Context:
    """What every check of a hop may look at."""

    view: FactView
    words: Words
    route: Route

    def look(self, hop: Hop | None = None) -> Look:
        """A fresh look; with a hop, one that rests on how the hop was found."""
        look = Look(self.view)
        if hop is not None:
            look.take(hop.look)
        return look

    @property
    def emulated(self) -> bool:
        """Whether a stand-in for the cloud answers, which counts nothing."""
        return any(identity.emulated for identity in self.view.identities)

    @property
    def now(self) -> datetime:
        return moment(self.view.problem.now) or datetime.fromisoformat("1970-01-01T00:00:00+00:00")

    def body_before(self, hop: Hop, key: str | None = None) -> object:
        """What a message holds when it comes to the sender of a hop; ``UNKNOWN`` where its origin is not a bucket."""
        start = self.route.start
        if start.native_type != refs.BUCKET:
            return UNKNOWN
        passed = [one.source.native_type for one in self.route.hops[: self.route.hops.index(hop)]]
        event = self.words.events[0]
        if refs.BUS in passed or hop.source.native_type == refs.BUS:
            return messages.bus_event(start.name, event, start.account, "", key)
        if refs.TOPIC in passed:
            return UNKNOWN
        return messages.notification_body(start.name, event, key)


@dataclass(frozen=True)
class Arrivals:
    """Objects that came lately. ``recent``: within the window; ``sample``: the newest whatever their age."""

    recent: tuple[str, ...]
    sample: tuple[str, ...]


def arrivals(look: Look, context: Context) -> Arrivals | None:
    """Keys of the newest objects of the bucket the way begins at; ``None`` while they are not known."""
    listed = look.value(context.route.start, "objects")
    if listed is UNKNOWN:
        return None
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, Sequence) and not isinstance(listed, str) else []
    encoded = entries and look.value(context.route.start, "objects.encoding") == "url"
    plain = unquote_plus if encoded else str
    dated = [(moment(str(entry.get("LastModified", ""))), plain(str(entry.get("Key", "")))) for entry in entries]
    newest = sorted(((at, key) for at, key in dated if at is not None and not key.endswith("/") and HIDDEN not in key), reverse=True)
    recent = tuple(key for at, key in newest if at >= context.now - WINDOW)
    return Arrivals(recent, recent or tuple(key for _, key in newest[:_SAMPLE]))
