"""What is allowed and what has to be: the gate's judgements, and the least privilege of an investigation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import Field

from nephoscope.interfaces import Policy, UsageError
from nephoscope.models import Call, Json, OperationAccess, PolicyForm, ServiceCoverage, Tier
from nephoscope.models.base import Frozen, JsonValue
from nephoscope.settings import Settings
from nephoscope.store import LedgerReader
from nephoscope.store.run import find_run

GRANTED: Mapping[Tier, str] = {
    Tier.IDENTITY: "allowed",
    Tier.CONFIG: "allowed",
    Tier.TELEMETRY: "allowed, within a small budget",
    Tier.SECRET: "never allowed",
    Tier.ROLE: "never allowed to a script",
    Tier.MUTATION: "never allowed",
}


class RunPolicy(Frozen):
    """The least that an investigation needed in one cloud."""

    cloud: str
    format: str
    document: JsonValue
    remarks: tuple[str, ...] = ()
    text: str = Field(default="", exclude=True)


class PermissionDifference(Frozen):
    """Permissions in a cloud's own names: what only the first of two runs needed, only the second, and both."""

    cloud: str
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    both: tuple[str, ...]


class Permits:
    """Questions about permissions, answered by the packs; no cloud is asked."""

    def __init__(self, settings: Settings, policies: Mapping[str, Policy]) -> None:
        self._settings = settings
        self._policies = policies

    def explain(self, operation: str) -> OperationAccess:
        """What the gate says of ``service:Operation``. Raises ``UsageError`` where no cloud knows it."""
        if operation.count(":") != 1 or not all(operation.split(":")):
            raise UsageError(f"{operation!r} is no operation", "it looks like service:Operation, as the SDK names both")
        found = [policy.explain(operation) for policy in self._chosen()]
        known = [access for access in found if access.known]
        if not known:
            raise UsageError(f"no installed cloud has an operation {operation!r}", "see the names with: nephoscope policy coverage")
        return known[0]

    def allowed(self, access: OperationAccess) -> str:
        """Whether it may be used, in words."""
        tier = access.tier
        if tier not in self._settings.granted and tier in (Tier.CONFIG, Tier.TELEMETRY, Tier.IDENTITY):
            return "switched off here"
        if access.judged == "data" and tier == Tier.CONFIG and self._settings.reviewed_only:
            return "switched off here: reviewed_only"
        return "granted here" if tier in self._settings.grants else GRANTED.get(tier, f"only with --grant {tier}")

    def coverage(self, service: str = "") -> Sequence[ServiceCoverage]:
        """One row a service. Raises ``UsageError`` for a service nobody has."""
        rows = [row for policy in self._chosen() for row in policy.coverage(service)]
        if not rows:
            raise UsageError(f"no installed cloud has a service {service!r}", "see all with: nephoscope policy coverage")
        return rows

    def of_run(self, run_id: str, form: PolicyForm = "json") -> Sequence[RunPolicy]:
        """The least privilege of a recorded investigation, refused calls of the cloud included: they are what it lacked."""
        path = find_run(self._settings.home, run_id)
        calls = [entry.call for entry in LedgerReader(path).replies()]
        found = []
        for cloud in dict.fromkeys(call.identity.cloud for call in calls):
            policy = self._policies.get(cloud)
            if policy is None:
                raise UsageError(f"the pack for {cloud} is not installed", "install it, and see: nephoscope plugins")
            found.append(_policy(policy, [call for call in calls if call.identity.cloud == cloud], form, path))
        if not found:
            raise UsageError(f"{path.name} asked a cloud nothing", "there is no policy to be made of it")
        return found

    def difference(self, left: str, right: str) -> Sequence[PermissionDifference]:
        """Per cloud which permissions each of two recorded investigations needs and the other does not. Raises ``UsageError``."""
        one, other = self._needs(left), self._needs(right)
        if not one and not other:
            raise UsageError(f"neither {left} nor {right} asked a cloud anything", "there is nothing to compare")
        nothing: frozenset[str] = frozenset()
        return [_difference(cloud, one.get(cloud, nothing), other.get(cloud, nothing)) for cloud in sorted({*one, *other})]

    def _needs(self, run_id: str) -> Mapping[str, frozenset[str]]:
        with closing(LedgerReader(find_run(self._settings.home, run_id))) as ledger:
            entries = ledger.replies()
        found: dict[str, set[str]] = {}
        for entry in entries:
            needs = found.setdefault(entry.call.identity.cloud, set())
            needs.update((entry.permission or entry.call.name).split(", "))
        return {cloud: frozenset(needs) for cloud, needs in found.items()}

    def session(self) -> Mapping[str, Json]:
        """Per cloud what narrows upstream credentials to the tiers in force."""
        return {policy.cloud: policy.session(self._settings.granted) for policy in self._chosen()}

    def baseline(self, form: PolicyForm) -> str:
        """A role to inspect with. Raises ``UsageError`` where it is not clear for which cloud."""
        chosen = list(self._chosen())
        if len(chosen) != 1:
            raise UsageError("several clouds are installed", f"choose one with --cloud: {', '.join(policy.cloud for policy in chosen)}")
        return chosen[0].baseline(self._settings.granted, form)

    def _chosen(self) -> Iterator[Policy]:
        wanted = self._settings.cloud
        if not self._policies or (wanted and wanted not in self._policies):
            raise UsageError(f"no pack tells permissions of {wanted or 'any cloud'}", "see: nephoscope plugins")
        return (policy for cloud, policy in self._policies.items() if wanted in ("", cloud))


def _policy(policy: Policy, calls: Sequence[Call], form: PolicyForm, path: Path) -> RunPolicy:
    document = policy.document(calls)
    name = f"Nephoscope{path.name.replace('-', '').title()}"
    text = policy.text(document, form, name)
    remarks = tuple(policy.remarks(calls))
    return RunPolicy.model_validate({"cloud": policy.cloud, "format": policy.format, "document": document, "remarks": remarks, "text": text})


def _difference(cloud: str, one: frozenset[str], other: frozenset[str]) -> PermissionDifference:
    return PermissionDifference(
        cloud=cloud, only_first=tuple(sorted(one - other)), only_second=tuple(sorted(other - one)), both=tuple(sorted(one & other))
    )
