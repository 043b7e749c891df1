"""What happens to a request: identify → tier → owner → own rows, cache or in flight → budget → send → redact → record → reply.

Tier comes before owner, because a call that may not be made at all must not cause a listing that asks whose thing it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from nephoscope.boundary.broker.cache import Cache
from nephoscope.boundary.broker.cassette import Cassette
from nephoscope.boundary.broker.owner import Owners
from nephoscope.boundary.broker.purse import Empty, Purse
from nephoscope.boundary.broker.recorder import Recorder, RecordError
from nephoscope.boundary.broker.resume import MANY_REFUSALS, Attempt
from nephoscope.boundary.broker.reuse import Reuse
from nephoscope.boundary.broker.tiers import Denial, Tiers
from nephoscope.boundary.broker.upstream import Fetched, Upstream
from nephoscope.interfaces import Ambiguous, CredentialsError, Session, Wire
from nephoscope.models import Call, Classification, Identity, JsonValue, Tier, WireReply, WireRequest
from nephoscope.store import Answered, LedgerEntry, Refusal, Sent, asking, now, question

Listener = Callable[[Mapping[str, JsonValue]], None]

_log = logging.getLogger(__name__)


class Refused(Exception):
    """The call is not made, or its reply not given."""

    def __init__(self, code: str, reason: str, *, needs: str = "", tier: Tier | None = None, permission: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.needs = needs
        self.tier = tier
        self.permission = permission
        self.occurrence = 1


@dataclass(frozen=True)
class Outcome:
    """An answered call and the reply for the script; ``wire`` is ``None`` when the cloud gave none that can be handed on."""

    entry: LedgerEntry
    wire: WireReply | None
    note: str = ""


class Pipeline:
    """Everything between a sandbox and the clouds of one investigation."""

    def __init__(
        self,
        wires: Mapping[str, Wire],
        sessions: Sequence[Session],
        *,
        tiers: Tiers,
        purse: Purse,
        recorder: Recorder,
        upstream: Upstream,
        on_event: Listener,
        cassette: Cassette | None = None,
    ) -> None:
        self.wires = wires
        self.identities = tuple(session.identity for session in sessions)
        self.purse = purse
        self.recorder = recorder
        self.cache = Cache() if cassette is None else Cache(lambda: 0.0)  # what was recorded never grows old
        self.reuse: Reuse | None = None
        """Replies of earlier runs, where they may be taken again."""
        self.trouble: CredentialsError | None = None
        """Set once credentials were refused or have expired; nothing more is sent."""
        self.owners: Owners | None = None
        """Nothing with an owner to look up passes while this is unset."""
        self._sessions = {_who(session.identity): session for session in sessions}
        self._tiers = tiers
        self._upstream = upstream
        self._cassette = cassette
        self._on_event = on_event
        self._in_flight: dict[str, asyncio.Task[Outcome]] = {}

    async def handle(self, request: WireRequest, attempt: Attempt) -> WireReply:
        """A request from a sandbox to the reply it gets. Never raises."""
        attempt.requests += 1
        wire = self._wire(request.host)
        call: Call | None = None
        try:
            if attempt.flooded:
                raise Refused("budget", "too many requests from one script")
            if wire is None:
                raise Refused("unknown_host", f"{request.host} is no cloud's host; nothing else can be reached from here")
            call = self._identify(wire, request)
            outcome = await self.ask(call, attempt)
        except Refused as refused:
            return await self._refuse(wire, call, request, refused, attempt)
        if outcome.wire is not None:
            return outcome.wire
        return _refusal(wire, call, request, outcome.entry.error or "Error", outcome.note or "the service gave no usable answer")

    async def ask(self, call: Call, attempt: Attempt) -> Outcome:
        """One call under all rules. Raises ``Refused``."""
        asked = question(call)
        occurrence = attempt.arrive(asked)
        try:
            return await self._ask(call, asked, occurrence, attempt)
        except Refused as refused:
            refused.occurrence = occurrence
            raise
        except Exception as error:
            _log.exception("%s could not be judged or sent", call.name)
            raise Refused("error", f"{call.name} failed inside the broker: {type(error).__name__}") from error

    async def _ask(self, call: Call, asked: str, occurrence: int, attempt: Attempt) -> Outcome:
        session = self._sessions.get(_who(call.identity))
        if session is None:
            raise Refused("unknown_identity", "it is signed by a key that stands for no identity in scope")
        wire = self.wires[call.identity.cloud]
        classification, call = await self._judge(wire, call)
        if attempt.searches.too_many(call.params):
            raise Refused(
                "budget", "too many different searches in one script: which of them hit would tell what is hidden", tier=classification.tier
            )
        earlier = attempt.earlier(asked, occurrence)
        if earlier is not None:
            attempt.calls.append(earlier.call.id)
            self.cache.keep(earlier)
            self._tell("answered", earlier.sent, status=earlier.status, error=earlier.error, cached=True, seconds=0.0)
            return await self._from(earlier)
        sent = Sent(call, attempt.position, occurrence, classification.tier, classification.reason, classification.permission)
        before = attempt.sent_before(sent)
        if before is None and self._shareable(sent) and (known := await self._known(asked)) is not None:
            return await self._serve(sent, known, wire, attempt)
        task = asyncio.ensure_future(self._make(wire, session, before or sent, attempt, again=before is not None))
        self._in_flight.setdefault(asked, task)
        task.add_done_callback(lambda done: self._landed(asked, done))
        attempt.watch(task)
        return await asyncio.shield(task)

    def _wire(self, host: str) -> Wire | None:
        fitting = [wire for wire in self.wires.values() if any(_within(host, suffix.lstrip(".")) for suffix in wire.hosts)]
        return fitting[0] if len(fitting) == 1 else None

    def _identify(self, wire: Wire, request: WireRequest) -> Call:
        mine = tuple(identity for identity in self.identities if identity.cloud == wire.cloud)
        try:
            return wire.identify(request, mine)
        except Ambiguous as error:
            raise Refused("ambiguous", error.message) from error
        except Exception as error:
            raise Refused("ambiguous", f"the request could not be read ({type(error).__name__})") from error

    async def _judge(self, wire: Wire, call: Call) -> tuple[Classification, Call]:
        """What kind of access it is, and the call with the owner that was found. Raises ``Refused``."""
        classification = wire.classify(call)
        tier, permission = classification.tier, classification.permission
        allowed = self._tiers.judge(classification)
        if isinstance(allowed, Denial):
            raise Refused(allowed.code, f"{call.name} is not allowed: {allowed.reason}", needs=allowed.needs, tier=tier, permission=permission)
        if self.owners is None:
            raise Refused("unknown_owner", "the inventory is not open yet", tier=tier)
        foreign = await self.owners.judge(wire, call)
        if foreign is not None:
            raise Refused("unknown_owner", f"{call.name} is not sent: {foreign.reason}", needs=foreign.needs, tier=tier, permission=permission)
        judged = classification.model_copy(update={"tier": allowed})
        return judged, call.model_copy(update={"expected_owner": self.owners.own(wire, call)})

    def _shareable(self, sent: Sent) -> bool:
        """Whether a known answer may be given. A replay asks again where the recorded run did."""
        return self._cassette is None or not self._cassette.was_asked_of_the_cloud(sent)

    async def _known(self, asked: str) -> Outcome | None:
        """The answer from memory, or from an identical call in flight."""
        entry = self.cache.get(asked)
        if entry is not None:
            return await self._from(entry)
        if asked not in self._in_flight and self.reuse is not None:
            shared = await self.reuse.get(asked) or self.cache.get(asked)  # somebody may have asked meanwhile
            if shared is not None and asked not in self._in_flight:
                return await self._from(shared)
        task = self._in_flight.get(asked)
        return None if task is None else await asyncio.shield(task)

    async def _from(self, entry: LedgerEntry) -> Outcome:
        return Outcome(entry, await self._load(entry.answered.wire) if entry.answered.wire else None)

    async def _load(self, name: str) -> WireReply:
        try:
            return await self.recorder.load(name)
        except Exception as error:
            raise Refused("ledger", f"a recorded reply cannot be read: {error}") from error

    async def _serve(self, sent: Sent, known: Outcome, wire: Wire, attempt: Attempt) -> Outcome:
        sent = self._numbered(sent, attempt)
        original = known.entry.answered
        answered = replace(
            original,
            call_id=sent.call.id,
            cached_from=original.cached_from or original.call_id,
            chain=attempt.chain(sent, wire.page_start(sent.call)),
            usd=0.0,
            seconds=0.0,
        )
        try:
            await self.recorder.served(sent, answered)
        except RecordError as error:
            raise Refused("ledger", str(error)) from error
        attempt.link(sent, answered)
        self._tell("answered", sent, status=answered.status, error=answered.error, cached=True, seconds=0.0)
        return Outcome(replace(known.entry, sent=sent, answered=answered), known.wire, known.note)

    async def _make(self, wire: Wire, session: Session, sent: Sent, attempt: Attempt, *, again: bool) -> Outcome:
        if self.trouble is not None:
            raise Refused("credentials", self.trouble.message)
        estimate = wire.price(sent.call, None).usd or 0.0
        self._reserve(sent, estimate)
        usd, size = 0.0, 0
        try:
            sent = sent if again else self._numbered(sent, attempt)
            if again:
                attempt.calls.append(sent.call.id)
            await (self.recorder.sent_again(sent.call.id) if again else self.recorder.sent(sent))
            self._tell("sent", sent)
            fetched = await self._fetch(wire, session, sent, attempt)
            usd, size = fetched.usd or 0.0, fetched.size
            return await self._answer(wire, sent, attempt, fetched)
        except RecordError as error:
            raise Refused("ledger", str(error), tier=sent.tier) from error
        finally:
            self.purse.settle_call(sent.tier, estimate, usd, size)

    async def _fetch(self, wire: Wire, session: Session, sent: Sent, attempt: Attempt) -> Fetched:
        async def repeat() -> None:
            if attempt.ended:
                raise Refused("timeout", "the script ended while the service asked to slow down", tier=sent.tier)
            self._reserve(sent, 0.0)
            await self.recorder.sent_again(sent.call.id)

        try:
            if self._cassette is not None:
                return await self._cassette.fetch(sent, repeat)
            return await self._upstream.fetch(wire, session, sent.call, sent.tier, repeat)
        except CredentialsError as error:
            self.trouble = error
            raise Refused("credentials", error.message, tier=sent.tier) from error

    async def _answer(self, wire: Wire, sent: Sent, attempt: Attempt, fetched: Fetched) -> Outcome:
        blob, stored = await self.recorder.store(fetched.document, fetched.wire) if fetched.wire is not None else ("", "")
        answered = Answered(
            call_id=sent.call.id,
            status=fetched.status,
            error=fetched.error,
            blob=blob,
            wire=stored,
            chain=attempt.chain(sent, wire.page_start(sent.call)),
            next_page=fetched.next_page,  # type: ignore[arg-type]  # JSON either way; only the variance differs
            usd=fetched.usd,
            seconds=round(fetched.seconds, 4),
            at=fetched.at or now(),
        )
        await self.recorder.answered(answered)
        attempt.link(sent, answered)
        entry = LedgerEntry(sent, answered, complete=False, blobs=self.recorder.blobs)
        shareable = self.cache.keep(entry)
        if shareable and self.reuse is not None:
            await self.reuse.keep(entry, None if answered.next_page is None else asking(sent.call, answered.next_page))
        self._tell("answered", sent, status=fetched.status, error=fetched.error, cached=False, seconds=answered.seconds)
        return Outcome(entry, fetched.wire, fetched.note)

    def _reserve(self, sent: Sent, usd: float) -> None:
        try:
            self.purse.reserve_call(sent.tier, usd)
        except Empty as error:
            raise Refused("budget", str(error), tier=sent.tier, permission=sent.permission) from error

    def _numbered(self, sent: Sent, attempt: Attempt) -> Sent:
        recorded = self._cassette.identify(sent) if self._cassette else ""
        call_id = recorded or self.recorder.call_id(attempt.position.step, self._cassette.unused if self._cassette else None)
        attempt.calls.append(call_id)
        return replace(sent, call=sent.call.model_copy(update={"id": call_id}), at=now())

    def _landed(self, asked: str, task: asyncio.Task[Outcome]) -> None:
        if self._in_flight.get(asked) is task:
            del self._in_flight[asked]
        if not task.cancelled():
            task.exception()  # seen by whoever waits; here only so that nobody warns when the script is gone

    async def _refuse(self, wire: Wire | None, call: Call | None, request: WireRequest, refused: Refused, attempt: Attempt) -> WireReply:
        await self.note_refusal(call, f"{request.method} {request.host}{request.path}"[:300], refused, attempt)
        return _refusal(wire, call, request, refused.code, refused.reason)

    async def note_refusal(self, call: Call | None, what: str, refused: Refused, attempt: Attempt) -> None:
        """Record and tell a refusal."""
        attempt.refusals += 1
        if attempt.refusals > MANY_REFUSALS:
            return
        position = attempt.position
        refusal = Refusal(
            id=self.recorder.refusal_id(position.step),
            position=position,
            call=call,
            what=what,
            code=refused.code,
            reason=refused.reason,
            tier=refused.tier,
            needs=refused.needs,
            permission=refused.permission,
            occurrence=refused.occurrence,
            at=now(),
        )
        name = call.name if call else what
        try:
            await self.recorder.refuse(refusal)
        except RecordError as error:
            self._on_event({"event": "trouble", "reason": str(error)})
        told = {"event": "call", "phase": "refused", "id": refusal.id, "operation": name, "code": refused.code, "reason": refused.reason}
        self._on_event({**told, "step": position.step, "attempt": position.attempt, "by": position.by})

    def _tell(self, phase: str, sent: Sent, **more: JsonValue) -> None:
        call, position = sent.call, sent.position
        told: dict[str, JsonValue] = {"event": "call", "phase": phase, "id": call.id, "operation": call.name, "region": call.region}
        self._on_event({**told, "step": position.step, "attempt": position.attempt, "by": position.by, **more})


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _who(identity: Identity) -> tuple[str, str, str, str]:
    return identity.cloud, identity.account, identity.principal, identity.alias


def _refusal(wire: Wire | None, call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
    if wire is not None:
        try:
            return wire.refuse(call, request, code, reason)
        except Exception:  # noqa: S110 - a pack's mistake must not change that this is refused
            pass
    return WireReply(status=403, headers=(("Content-Type", "text/plain; charset=utf-8"),), body=f"refused ({code}): {reason}\n".encode())
