"""Brook as the engine sees it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from nephoscope.interfaces import FactView, UsageError
from nephoscope.knowledge.tables import TableEstate
from nephoscope.models import (
    Call,
    Change,
    Check,
    Identity,
    Json,
    Judged,
    OperationAccess,
    PolicyForm,
    ResourceRef,
    Script,
    ScriptEnvironment,
    ServiceCoverage,
    Tier,
)
from nephoscope_brook.wire import READS


class BrookOptions(BaseModel):
    """Where to look in Brook."""

    endpoint_url: str | None = Field(default=None, description="where Brook answers")
    weir: str | None = Field(default=None, description="the weir to look behind")


class BrookEstate(TableEstate):
    """Implements :class:`nephoscope.interfaces.Estate` over the tables in ``replies/``."""

    cloud = "brook"
    options = BrookOptions

    def __init__(self) -> None:
        super().__init__(Path(__file__).parent / "replies")

    def references(self, ref: ResourceRef, view: FactView) -> Iterable[tuple[str, ResourceRef]]:
        fact = view.fact(ref, "outlet")
        if fact and isinstance(fact.value, str):
            yield "outlet", gate(fact.value, ref)

    def environment(self) -> ScriptEnvironment:
        return ScriptEnvironment(imports=("brook",), versions={"brook": "1"}, idioms=("lists are read to their end",))

    def script(self, check: Check, now: str) -> Script | None:
        if not check.reads:
            return None
        lines = ["import brook", ""]
        for read in check.reads:
            method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", read.operation).lower()
            arguments = ", ".join(f"{key}={value!r}" for key, value in read.params.items())
            lines += ["try:", f"    print(brook.client({read.service!r}).{method}({arguments}))", "except brook.Error as error:", "    print(error)"]
        return Script(source="\n".join(lines) + "\n", check=check, cloud=self.cloud, author="template:brook/reads")

    def render(self, change: Change) -> Sequence[str]:
        words = ["brook", change.service, change.operation, *(f"{key}={value}" for key, value in change.params.items())]
        return [" ".join(shlex.quote(re.sub(r"[^ -~]", "?", word)) for word in words)]


class BrookPolicy:
    """Implements :class:`nephoscope.interfaces.Policy`."""

    cloud = "brook"
    format = "brook-rights"

    def document(self, calls: Sequence[Call]) -> Json:
        return {"rights": sorted({READS.get(call.name, call.name) for call in calls})}

    def remarks(self, calls: Sequence[Call]) -> Sequence[str]:
        return sorted({f"{READS[call.name]} is for all ponds: rights know no names" for call in calls if call.name in READS})

    def session(self, tiers: Iterable[Tier]) -> Json:
        return None

    def baseline(self, tiers: Iterable[Tier], form: PolicyForm) -> str:
        return self.text({"rights": sorted(set(READS.values())) if Tier.CONFIG in tiers else []}, form, "watcher")

    def text(self, document: Json, form: PolicyForm, name: str) -> str:
        if form != "json":
            raise UsageError(f"brook has no {form}", "use json")
        return json.dumps(document) + "\n"

    def explain(self, operation: str) -> OperationAccess:
        known = operation in READS
        return OperationAccess(
            operation=operation,
            tier=Tier.CONFIG if known else Tier.MUTATION,
            reason="reviewed read" if known else "not a read",
            judged=Judged.REVIEWED if known else Judged.UNKNOWN,
            needs=(READS.get(operation, operation),),
            verified=known,
            known=known,
        )

    def coverage(self, service: str = "") -> Sequence[ServiceCoverage]:
        names = {name: [each for each in READS if each.startswith(f"{name}:")] for name in sorted({each.partition(":")[0] for each in READS})}
        return [
            ServiceCoverage(
                service=name,
                operations=len(own),
                reviewed=len(own),
                proposed=0,
                suspected=0,
                unknown=0,
                usable=len(own),
                by_tier={"config": len(own)},
            )
            for name, own in names.items()
            if service in ("", name)
        ]


def gate(name: str, near: ResourceRef | Identity) -> ResourceRef:
    """The gate of that name."""
    return ResourceRef(cloud="brook", kind="network.gate", native_type="gates:gate", native_id=name, name=name, account=near.account)
