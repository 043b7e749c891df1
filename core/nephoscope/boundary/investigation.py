"""One opened investigation inside the boundary: its sessions, its broker, its record, its executor."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from nephoscope import __version__
from nephoscope.boundary.allowance import Allowance
from nephoscope.boundary.broker.cassette import Cassette, Recorded
from nephoscope.boundary.broker.inventory import Inventory
from nephoscope.boundary.broker.limiter import Limiter
from nephoscope.boundary.broker.owner import Owners
from nephoscope.boundary.broker.pipeline import Pipeline
from nephoscope.boundary.broker.purse import Purse
from nephoscope.boundary.broker.recorder import Recorder
from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.boundary.broker.resume import Attempt
from nephoscope.boundary.broker.reuse import Reuse
from nephoscope.boundary.broker.server import Server
from nephoscope.boundary.broker.tiers import Tiers
from nephoscope.boundary.broker.upstream import Upstream
from nephoscope.boundary.isolation import Isolation
from nephoscope.boundary.protocol import Lease, Opening, Pointer
from nephoscope.boundary.sandbox.job import LISTENER_URL
from nephoscope.interfaces import Overrun, Session, UsageError, Wire
from nephoscope.models import ExecutionResult, Identity, JsonValue, Read, Surroundings
from nephoscope.store import BROKER, Ledger, LedgerReader, Position, Spent, canonical
from nephoscope.store.machine import Machine

Listener = Callable[[Mapping[str, JsonValue]], None]
REDACTION_KEY = "redaction_key"
"""Where a ledger keeps the key of its digests."""


class Investigation:
    """Built by :func:`open_investigation`; everything of it ends with :meth:`close`."""

    def __init__(
        self,
        lease: Lease,
        opening: Opening,
        isolation: Isolation,
        *,
        pipeline: Pipeline,
        upstream: Upstream,
        recorder: Recorder,
        redactor: Redactor,
    ) -> None:
        self.lease = lease
        self._opening = opening
        self._isolation = isolation
        self._pipeline = pipeline
        self._upstream = upstream
        self._recorder = recorder
        self._redactor = redactor
        ledger = recorder.ledger
        self._inventory = Inventory(pipeline, Attempt(BROKER, ledger.attempt(BROKER), ledger.unanswered(BROKER)))
        pipeline.owners = Owners(pipeline.identities, self._inventory.documents, opening.named, opening.allow)
        self._runs: set[asyncio.Task[ExecutionResult]] = set()

    @property
    def run_dir(self) -> str:
        """Where its record is."""
        return self._opening.run_dir

    async def inventory(self, reads: Sequence[Read]) -> list[str]:
        """Read listings as each identity of their cloud; ids of the calls, in order. What could not be read is in the ledger."""
        wanted = [
            self._inventory.read(read, identity) for read in reads for identity in self._of_cloud(read.cloud) if read.alias in ("", identity.alias)
        ]
        chains = await asyncio.gather(*wanted)
        self._raise_trouble()
        return list(dict.fromkeys(entry.call.id for chain in chains for entry in chain.entries))

    async def execute(self, position: Position, author: str, params: Mapping[str, JsonValue]) -> ExecutionResult:
        """Run a stored script to its end. Raises ``IsolationError`` or ``CredentialsError``."""
        self._isolation.admit(author, demo=self._opening.demo)
        source = self._recorder.blobs.get(position.script_hash).decode()
        task = asyncio.ensure_future(self._run(source, position, params))
        self._runs.add(task)
        try:
            result = await task
        finally:
            self._runs.discard(task)
        self._raise_trouble()
        return result

    def spent(self) -> Spent:
        """What was used so far, earlier runs included."""
        return self._recorder.ledger.spent()

    def reserve(self, usd: float) -> None:
        """Set model dollars aside. Raises ``Empty``."""
        self._pipeline.purse.reserve(usd)

    async def settle(self, reserved: float, usd: float) -> None:
        """Take model dollars that were spent."""
        self._pipeline.purse.settle(reserved, usd)
        await self._recorder.do(lambda: self._recorder.ledger.charge("model", usd))

    def same(self, left: Pointer, right: Pointer) -> bool | None:
        """Whether two recorded strings are equal, redacted or not; ``None`` when either is no string or not there."""
        values = [self._at(pointer) for pointer in (left, right)]
        texts = [value for value in values if isinstance(value, str)]
        return self._redactor.same(*texts) if len(texts) == len(values) else None

    async def close(self) -> None:
        """Kill what runs, finish what is being written."""
        for task in tuple(self._runs):
            task.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)
        self._upstream.close()
        self._recorder.close()

    async def _run(self, source: str, position: Position, params: Mapping[str, JsonValue]) -> ExecutionResult:
        ledger = self._recorder.ledger
        attempt = Attempt(position, ledger.attempt(position), ledger.unanswered(position))
        servers: list[Server] = []

        allowance = Allowance(self._opening.limits, attempt, self._pipeline.handle)

        async def serve(descriptor: int) -> Overrun:
            server = Server(descriptor, allowance.handle)
            servers.append(server)
            await server.start()
            return allowance.overrun

        try:
            result = await self._isolation.executor.execute(source, self._surroundings(), dict(params), self._opening.limits, serve)
        finally:
            for server in servers:
                await server.close()
            await attempt.settle()
        return result.model_copy(update={"calls": tuple(attempt.calls)})

    def _surroundings(self) -> Surroundings:
        env: dict[str, str] = {}
        files: dict[str, str] = {}
        for cloud, wire in self._pipeline.wires.items():
            around = wire.surroundings(self._of_cloud(cloud), LISTENER_URL)
            env.update(around.env)
            files.update(around.files)
        return Surroundings(env=env, files=files)

    def _of_cloud(self, cloud: str) -> list[Identity]:
        return [identity for identity in self._pipeline.identities if identity.cloud == cloud]

    def _at(self, pointer: Pointer) -> JsonValue:
        entry = self._recorder.ledger.reply(pointer.call)
        return None if entry is None else resolve(entry.document, pointer.pointer)

    def _raise_trouble(self) -> None:
        if self._pipeline.trouble is not None:
            raise self._pipeline.trouble


async def open_investigation(opening: Opening, wires: Mapping[str, Wire], isolation: Awaitable[Isolation], on_event: Listener) -> Investigation:
    """Connect every scope and open the record. Raises ``CredentialsError``, ``EndpointError``, ``UsageError``."""
    tiers = Tiers(opening.grants, opening.denied, reviewed_only=opening.reviewed_only)
    sessions, chosen = await asyncio.gather(asyncio.to_thread(_connect, opening, wires), isolation)
    used = {session.identity.cloud: wires[session.identity.cloud] for session in sessions}
    ledger = await asyncio.to_thread(_ledger, Path(opening.run_dir), [session.identity for session in sessions])
    machine = await asyncio.to_thread(Machine, Path(opening.home) if opening.home else None)
    shared = machine.secret(REDACTION_KEY) if opening.reuse > 0 and opening.home and not opening.cassette else ""
    key = ledger.keep(REDACTION_KEY, shared or _redaction_key(opening.like))
    redactor, limiter = Redactor(bytes.fromhex(key)), Limiter(machine, unlimited=opening.demo)
    recorder, upstream = Recorder(ledger), Upstream(redactor, limiter)
    cassette = await asyncio.to_thread(_cassette, opening) if opening.cassette else None
    pipeline = Pipeline(
        used,
        sessions,
        tiers=tiers,
        purse=Purse.resumed(opening.budget, ledger.spent()),
        recorder=recorder,
        upstream=upstream,
        on_event=on_event,
        cassette=cassette,
    )
    if key == shared:  # hidden values of other runs can be compared with ours only under one key
        pipeline.reuse = Reuse(machine, ledger, Path(opening.run_dir), rights=_rights(tiers, opening), minutes=opening.reuse)
    lease = Lease(
        id=secrets.token_hex(8),
        identities=pipeline.identities,
        isolation=chosen.level,
        executor=chosen.executor.name,
        note=chosen.note,
    )
    return Investigation(lease, opening, chosen, pipeline=pipeline, upstream=upstream, recorder=recorder, redactor=redactor)


def _redaction_key(like: str) -> str:
    """The key of an earlier run, so that the same hidden value looks the same in both; a new one without."""
    former = None
    if like:
        with contextlib.closing(LedgerReader(Path(like))) as reader:
            former = reader.kept(REDACTION_KEY)
    return former or secrets.token_hex(32)


def _cassette(opening: Opening) -> Cassette:
    return Cassette(LedgerReader(Path(opening.cassette)))


def _rights(tiers: Tiers, opening: Opening) -> str:
    """What must be the same for a reply to be taken again, besides identity and question."""
    scopes: list[JsonValue] = [scope.model_dump(mode="json") for scope in opening.scopes]
    return canonical([__version__, sorted(tiers.allowed), opening.reviewed_only, scopes])


def _connect(opening: Opening, wires: Mapping[str, Wire]) -> list[Session]:
    if opening.cassette:
        unknown = [one.cloud for one in opening.identities if one.cloud not in wires]
        if unknown:
            raise UsageError(f"no installed pack speaks to the cloud {unknown[0]!r}", "install the pack that the recorded run was made with")
        return [Recorded(identity) for identity in opening.identities]
    sessions: list[Session] = []
    for scope in opening.scopes:
        if scope.cloud not in wires:
            known = ", ".join(sorted(wires)) or "none"
            raise UsageError(f"no installed pack speaks to the cloud {scope.cloud!r}", f"clouds here: {known}; install the pack of the one you need")
        sessions += wires[scope.cloud].connect(scope)
    return sessions


def _ledger(run_dir: Path, identities: Sequence[Identity]) -> Ledger:
    """The run's ledger. What was seen in one set of accounts is never continued in another."""
    ledger = Ledger(run_dir)
    accounts = ", ".join(sorted({f"{identity.cloud} {identity.account}" for identity in identities}))
    before = ledger.keep("accounts", accounts)
    if before != accounts:
        ledger.close()
        raise UsageError(f"this run was made in {before}; the credentials here open {accounts}", "resume it with the credentials it began with")
    return ledger


def resolve(document: JsonValue, pointer: str) -> JsonValue:
    """The value at a JSON pointer; ``None`` when nothing is there."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document
