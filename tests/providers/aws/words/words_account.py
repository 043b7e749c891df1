"""An account's inventory that is shown as far as it is listed: what the engine looks for before it understands, without cloud or boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from nephoscope.models import Fact, Identity, Read, ResourceRef
from nephoscope_aws.estate import AwsEstate

ACCOUNT, REGION, NOW = "123456789012", "eu-west-1", "2026-11-24T10:00Z"
WHO = Identity(cloud="aws", account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:role/Reader", regions=(REGION,))
HOLDERS = {"ecs:service": "prod", "eks:nodegroup": "prod-k8s"}
ESTATE = AwsEstate()
HERE = Path(__file__).parent


@cache
def inventory() -> Mapping[str, tuple[ResourceRef, ...]]:
    """The shipped account, by native type."""
    raw = yaml.safe_load((HERE / "inventory.yaml").read_text(encoding="utf-8"))
    return {native_type: tuple(thing(native_type, name) for name in names) for native_type, names in raw.items()}


def thing(native_type: str, said: str) -> ResourceRef:
    """A reference by its name, or by name and id where these are two."""
    name, _, identifier = said.partition(" ")
    held = (
        f"arn:aws:{native_type.split(':', maxsplit=1)[0]}:{REGION}:{ACCOUNT}:service/{HOLDERS[native_type]}/{name}" if native_type in HOLDERS else ""
    )
    ref = ESTATE.named(native_type, identifier or held or name, WHO, REGION)
    if ref is None:  # its id holds what the account chose by itself
        kind = ESTATE.types[native_type].kind
        ref = ResourceRef(cloud="aws", kind=kind, native_type=native_type, native_id=f"{native_type}/{name}", account=ACCOUNT, region=REGION)
    return ref.model_copy(update={"name": name})


@dataclass
class Shelf:
    """What was listed so far. ``calls``: how many listings that took."""

    things: Mapping[str, Sequence[ResourceRef]]
    facts: dict[str, Fact] = field(default_factory=dict)
    calls: int = 0
    listed: set[str] = field(default_factory=set)

    def inventory(self, reads: Sequence[Read]) -> None:
        for read in reads:
            if (key := read.model_dump_json()) not in self.listed:
                self.listed.add(key)
                self.calls += 1
                self._show(read)

    def _show(self, read: Read) -> None:
        spec = ESTATE.operations[read.name]
        for ref in self.things.get(spec.subject.type if spec.subject else "", ()):
            self.facts[ref.key] = Fact(
                id=f"f{len(self.facts)}", subject=ref, attribute="exists", value=True, grounding="derived", calls=(), pointer="", identity=WHO,
                observed_at=NOW,
            )  # fmt: skip
