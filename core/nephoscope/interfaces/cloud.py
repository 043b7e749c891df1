"""The four faces of a cloud pack: Wire, Estate, Policy, Emulator."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from pydantic import BaseModel

from nephoscope.interfaces.view import FactView
from nephoscope.models import (
    Call,
    Change,
    Check,
    Classification,
    Documentation,
    Extract,
    FactQuery,
    Happening,
    IdentifierKind,
    Identity,
    Json,
    Meaning,
    Mention,
    Operation,
    OperationAccess,
    PolicyForm,
    Price,
    Problem,
    Rate,
    Read,
    Reply,
    ResourceRef,
    Sample,
    Scope,
    Script,
    ScriptEnvironment,
    ServiceCoverage,
    Snippet,
    Surroundings,
    Tier,
    Tried,
    WireReply,
    WireRequest,
)


class Session(Protocol):
    """One identity's credentials. Held by the boundary process alone; thread-safe."""

    @property
    def identity(self) -> Identity: ...

    def send(self, call: Call) -> WireReply:
        """Blocking, one attempt. The request is built from ``call.params``, never from a script's bytes.

        Raises ``CredentialsError`` or ``EndpointError`` of :mod:`nephoscope.interfaces.errors`.
        """


@runtime_checkable
class Wire(Protocol):
    """A cloud's wire formats and access tables. Boundary process; pure except ``connect``. SDKs are imported inside methods."""

    @property
    def cloud(self) -> str: ...
    @property
    def hosts(self) -> Sequence[str]:
        """Host suffixes it owns."""

    def connect(self, scope: Scope) -> Sequence[Session]:
        """Open the scope's identities and prove who they are with one harmless call. Errors end in the command to type next."""

    def surroundings(self, identities: Sequence[Identity], listener: str) -> Surroundings:
        """What makes an unchanged SDK in the sandbox talk to ``listener`` (a loopback URL); keys are worthless, each stands for an identity."""

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        """The one reading of the request, accounting for every byte of it. Raises ``Ambiguous``."""

    def classify(self, call: Call) -> Classification:
        """The call's tier; unknown is ``MUTATION``."""

    def owner(self, call: Call) -> str | ResourceRef | None:
        """Account that owns the target, or a resource for core to look up in its inventory; ``None``: cannot tell (refused)."""

    def inventory(self, native_type: str, identity: Identity, region: str) -> Read | None:
        """The listing that names everything of a type; ``None`` when there is none."""

    def price(self, call: Call, reply: WireReply | None) -> Price:
        """Estimate (reply ``None``) or actual price."""

    def rate(self, call: Call) -> Rate | None:
        """The published rate of what the call is counted in; ``None`` where none is published."""

    def parse(self, call: Call, reply: WireReply) -> Reply:
        """The canonical document: what the SDK would parse, as plain JSON (ISO times, base64 bytes, sorted keys)."""

    def redact(self, call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
        """The same reply with every string leaf passed through ``hide(path, value)``, still valid for the SDK."""

    def refuse(self, call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
        """The SDK's own error shape, one it does not retry, carrying our reason."""

    def next_page(self, reply: Reply) -> Mapping[str, Json] | None:
        """Parameters that ask for the page after this one; ``None`` on the last or where there are no pages."""

    def page_start(self, call: Call) -> Mapping[str, Json]:
        """The call's parameters without any page token: equal for all pages of one chain."""

    def throttled(self, reply: Reply) -> bool:
        """Whether the reply asks to slow down."""


@runtime_checkable
class Estate(Protocol):
    """What core must know of a cloud's things. Engine process; imports no SDK."""

    @property
    def cloud(self) -> str: ...
    @property
    def options(self) -> type[BaseModel]:
        """Settings of a scope; the CLI makes options of its fields."""

    def mentions(self, text: str) -> Sequence[Mention]:
        """Pieces of a problem text that may name things of this cloud."""

    def listings(self, native_types: Sequence[str], identity: Identity, region: str) -> Sequence[Read]:
        """Reads that list everything of these types; all cheap ones when none is given, or beside others the type ``""``."""

    def contents(self, native_types: Sequence[str], holders: Sequence[ResourceRef], identities: Sequence[Identity]) -> Sequence[Read]:
        """Reads that list what these holders contain, for types that cannot be listed otherwise."""

    def named(self, native_type: str, name: str, identity: Identity, region: str) -> ResourceRef | None:
        """The reference that thing would have, whether it exists or not."""

    def aliases(self, native_type: str) -> Sequence[str]:
        """Attributes whose value people use in place of the name: an address, a host."""

    def facts(self, reply: Reply) -> Iterable[Extract]:
        """Reply tables: what the reply shows of which subject."""

    def sought(self, call: Call) -> Iterable[tuple[ResourceRef, str]]:
        """Subjects and attributes that a call asks for: what stays unseen when it fails."""

    def recognise(self, text: str, identity: Identity | None = None) -> ResourceRef | None:
        """The thing that a full identifier names; ``None`` when the text is not one."""

    def identifiers(self) -> Sequence[IdentifierKind]:
        """What tells who somebody is in this cloud's texts, and is replaced before a language model sees it; the first that matches counts."""

    def permission(self, operation: str) -> str:
        """The permission that ``service:Operation`` needs, in the cloud's own words."""

    def checks(self, query: FactQuery, identities: Sequence[Identity]) -> Sequence[Check]:
        """Checks whose reads provide the fact, cheapest first."""

    def references(self, ref: ResourceRef, view: FactView) -> Iterable[tuple[str, ResourceRef]]:
        """Edges out of a thing, live or dangling."""

    def environment(self) -> ScriptEnvironment: ...

    def operation(self, name: str) -> Operation | None:
        """The operation ``service:Operation``; ``None``: the cloud has none of that name."""

    def operations_of(self, service: str) -> Sequence[str]:
        """Names of a service's operations, for those who misspell one; with ``""``, names of the services."""

    def script(self, check: Check, now: str) -> Script | None:
        """The pack's own script for a check made of reads; ``None`` when it has none."""

    def render(self, change: Change) -> Sequence[str]:
        """Commands that make the change, every value quoted for its language."""


@runtime_checkable
class Advisor(Protocol):
    """What an :class:`Estate` may tell beside the commands of a fix. Pure; an estate without it advises by commands alone."""

    def documented(self, cause: str, changes: Sequence[Change]) -> Sequence[Documentation]:
        """Pages of the provider's own documentation, for a cause and the changes that mend it."""

    def snippets(self, changes: Sequence[Change]) -> Sequence[Snippet]:
        """The changes as code for infrastructure, every value quoted for its language; none where that would leave something out."""


@runtime_checkable
class Historian(Protocol):
    """What an :class:`Estate` may tell of changes. Pure; without it reports have no timeline."""

    def history(self, subject: ResourceRef, identity: Identity, now: str) -> Sequence[Read]:
        """Reads that show what was changed of a thing in the days before ``now`` (ISO 8601), the most likely first; none without such a record.

        They are asked one after the other until one tells of something. Each says how many pages are enough: records of changes may be long.
        """

    def happenings(self, reply: Reply) -> Sequence[Happening]:
        """The changes that an answer to one of these reads tells of, oldest first; those that were refused included, and said to be."""


@runtime_checkable
class Interpreter(Protocol):
    """What an :class:`Estate` may know of things that only speak of others. Pure; without it words are taken to be about what they name."""

    def meaning(self, problem: Problem, view: FactView) -> Meaning | None:
        """What the problem is really about, where it names a thing that reports on others; ``None`` where it means what it names."""

    def places(self, text: str) -> Sequence[str]:
        """Regions that a text names, as identities call them."""


@runtime_checkable
class Policy(Protocol):
    """Least privilege in a cloud's own language."""

    @property
    def cloud(self) -> str: ...
    @property
    def format(self) -> str:
        """Name of the document format, as the report carries it."""

    def document(self, calls: Sequence[Call]) -> Json:
        """The least that has to be allowed for these calls, on the resources they name."""

    def remarks(self, calls: Sequence[Call]) -> Sequence[str]:
        """Where the document could not be narrower, and why; a sentence each."""

    def session(self, tiers: Iterable[Tier]) -> Json:
        """What narrows upstream credentials to these tiers; ``None`` where the cloud has no such thing."""

    def baseline(self, tiers: Iterable[Tier], form: PolicyForm) -> str:
        """A role to inspect with, as a file. Raises ``UsageError`` for a form it does not have."""

    def text(self, document: Json, form: PolicyForm, name: str) -> str:
        """A document as a file. Raises ``UsageError`` for a form it does not have."""

    def explain(self, operation: str) -> OperationAccess:
        """What the gate says of ``service:Operation``: the same judgement as :meth:`Wire.classify` without parameters."""

    def coverage(self, service: str = "") -> Sequence[ServiceCoverage]:
        """Who judged how many operations, per service; all services, or one."""


@runtime_checkable
class Emulator(Protocol):
    """A stand-in for the cloud in a process of its own; the only endpoint that mutations may reach."""

    @property
    def cloud(self) -> str: ...

    def start(self, seed: Mapping[str, Json]) -> str:
        """Start, seed, and return the endpoint. Where ``seed`` holds a number ``random``, the same one makes up the same identifiers."""

    def reset(self) -> None: ...
    def stop(self) -> None: ...
    def scope(self) -> Scope:
        """The scope that points at the running emulator."""


@runtime_checkable
class Stage(Protocol):
    """An :class:`Emulator` on which scripts are rehearsed: it knows what replies look like, and gives those it is told."""

    def samples(self, operations: Sequence[str]) -> Mapping[str, Sample | None]:
        """A made-up reply of each ``service:Operation``; ``None`` for one that it cannot speak. While it runs."""

    def play(self, samples: Sequence[Sample]) -> None:
        """Answer these operations with these pages from now on, whatever else is asked with them."""


@runtime_checkable
class Prover(Protocol):
    """Tries a fix out where it can do no harm: an emulator in a process of its own, which the changes cannot leave."""

    @property
    def cloud(self) -> str: ...

    @property
    def observations(self) -> Collection[str]:
        """``service:Operation`` of reads that show what flows through a thing and not how it is set: no change is to alter what they told."""

    @property
    def incidental(self) -> str:
        """A pattern for names of members that no copy can have alike, such as addresses of hardware."""

    def warm(self, identity: Identity) -> None:
        """There will soon be something to try: begin what takes time. Never raises."""

    def attempt(
        self, replies: Sequence[Reply], about: Sequence[ResourceRef], gone: Sequence[ResourceRef], changes: Sequence[Change], seconds: float
    ) -> Tried:
        """Seed from the replies these things and what the changes name, with what they need to exist; read, change, read again.

        ``gone``: what the account was seen not to have.

        Raises :class:`NephoscopeError` where there is no emulator, or it took longer.
        """

    def close(self) -> None:
        """End what was started. Never raises; may be called again."""
