"""What is asked of the policies: who wants to do what to which resource, and under which circumstances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: an identity by ``arn`` and ``account``, or a cloud service by its name (``s3.amazonaws.com``).

    ``unique_id`` is the id that tells an identity from an earlier one of the same name; empty when not known.
    """

    arn: str = ""
    account: str = ""
    service: str = ""
    unique_id: str = ""

    @property
    def is_role(self) -> bool:
        """Whether it acts through sessions, which boundaries and session policies limit even where a resource names it."""
        return ":role/" in self.arn or ":assumed-role/" in self.arn

    @property
    def label(self) -> str:
        """What a person calls it."""
        if self.arn.endswith(":root"):
            return f"account {self.account}"
        return self.service or self.arn.rsplit("/", 1)[-1] or self.account


@dataclass(frozen=True, slots=True)
class Context:
    """Condition keys (lower case) with their values.

    A key without values is not known, unless ``complete`` names it: then it is known to be absent.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()

    def get(self, key: str) -> tuple[str, ...] | Unknown | None:
        """Values of a key; ``None`` when it is known to be absent."""
        name = key.lower()
        if name in self.values:
            return tuple(self.values[name])
        return None if name in self.complete else UNKNOWN

    def with_defaults(self, values: Mapping[str, tuple[str, ...]], complete: frozenset[str] = frozenset()) -> Context:
        """The same with keys that follow from the request itself; what was given wins."""
        return Context({**values, **self.values}, self.complete | (complete - self.values.keys()))


@dataclass(frozen=True, slots=True)
class Request:
    """``resource`` is an ARN; with ``*`` in it, it stands for any such resource. ``owner`` is the account that owns it."""

    principal: Principal
    action: str
    resource: str
    owner: str = ""
    context: Context = Context()

    @property
    def resource_account(self) -> str:
        """Account of the resource, as given or as its ARN says; empty when not known."""
        parts = self.resource.split(":", 5)
        return self.owner or (parts[4] if len(parts) == 6 else "")

    def full_context(self) -> Context:
        """The context with everything the request itself tells."""
        return self.context.with_defaults(*_implied(self))


_OF_SERVICES = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:principalservicename"})
_OF_IDENTITIES = frozenset(
    {"aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:username", "aws:principalorgid", "aws:sourceowner", "kms:calleraccount"}
)


def _implied(request: Request) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    who = request.principal
    known: dict[str, tuple[str, ...]] = {"aws:securetransport": ("true",)}  # what every SDK does unless told otherwise
    if request.resource_account:
        known["aws:resourceaccount"] = (request.resource_account,)
    if who.service:
        known |= {"aws:principalisawsservice": ("true",), "aws:principalservicename": (who.service,)}
        return known, _OF_IDENTITIES
    known["aws:principalisawsservice"] = ("false",)
    if who.arn:
        known |= {"aws:principalarn": (who.arn,), "aws:principaltype": ("AssumedRole" if who.is_role else "User",)}
    if who.account:
        known |= dict.fromkeys(("aws:principalaccount", "kms:calleraccount", "aws:sourceowner"), (who.account,))
    if ":user/" not in who.arn:
        return known, _OF_SERVICES | {"aws:username"}
    return known | {"aws:username": (who.label,)}, _OF_SERVICES


@dataclass(frozen=True, slots=True)
class Policy:
    """A named policy document as it was read: untrusted, perhaps malformed."""

    name: str
    document: object


Policies = tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Every policy that has a say. ``None``: not known; ``()``: known that there is none.

    ``scps`` holds one group per level (root, unit, account), each of which must allow. ``resource_required`` says that
    identity policies count only where the resource's own policy lets them (keys, role trust). ``endpoint`` holds the policies of what the
    request goes through in the caller's network, which must allow it too.
    """

    identity: Policies | None = None
    boundary: Policies | None = ()
    session: Policies | None = ()
    resource: Policies | None = None
    scps: tuple[Policies, ...] | None = ()
    endpoint: Policies | None = ()
    resource_required: bool = False
