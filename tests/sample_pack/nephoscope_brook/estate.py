"""Brook as the engine sees it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, Field

from nephoscope.interfaces import FactView
from nephoscope.knowledge.tables import TableEstate
from nephoscope.models import Call, Change, Check, Identity, Json, ResourceRef, Script, ScriptEnvironment
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


def gate(name: str, near: ResourceRef | Identity) -> ResourceRef:
    """The gate of that name."""
    return ResourceRef(cloud="brook", kind="network.gate", native_type="gates:gate", native_id=name, name=name, account=near.account)
