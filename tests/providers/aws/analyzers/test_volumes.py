"""A volume that another machine has: which one gives it up is named only where there is one."""

from __future__ import annotations

import pytest
from test_settings_judges import ME, NOW, REGION, fact, thing

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Finding, Problem
from nephoscope_aws.analyzers.settings import SettingsAnalyzer

HELD = "aws.ec2.volume-attached-elsewhere"
VOLUME, WANTS = thing("ec2:volume", "vol-0123456789abcdef0"), thing("ec2:instance", "i-0123456789abcdef0")


def held(*holders: str) -> Finding:
    attachments = [{"InstanceId": one, "State": "attached", "Device": "/dev/sdf"} for one in holders]
    known = [fact(VOLUME, name, value) for name, value in {"exists": True, "attachments": attachments, "availability_zone": f"{REGION}a"}.items()]
    known += [fact(WANTS, name, value) for name, value in {"exists": True, "availability_zone": f"{REGION}a"}.items()]
    entities = tuple(Entity(text=one.native_id, matches=(one,), native_types=(one.native_type,)) for one in (VOLUME, WANTS))
    text = f"cannot attach volume {VOLUME.native_id} to {WANTS.native_id}"
    view = Evidence(Problem(text=text, symptom="error_status", entities=entities, now=NOW), known, identities=[ME])
    return next(one for one in SettingsAnalyzer().analyze(view) if one.cause == HELD)


@pytest.mark.parametrize(
    ("holders", "holds", "holder"),
    [
        ((), "no", None),
        ((WANTS.native_id,), "no", None),
        (("i-00000000000000001",), "yes", "i-00000000000000001"),
        (("i-00000000000000001", "i-00000000000000002"), "yes", None),
    ],
)
def test_the_one_machine_that_has_it(holders: tuple[str, ...], holds: str, holder: str | None) -> None:
    found = held(*holders)
    assert (found.holds, found.details.get("only_holder")) == (holds, holder)
    if holds == "yes":
        assert {one.attribute: one.value for one in found.suppose} == {"attachments": [], "state": "available"}
