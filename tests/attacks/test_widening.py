"""Who might let more through than the user said: a folder, a script, an option, a pack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nephoscope.interfaces import Wire
from nephoscope.models import Call, Classification, Tier
from nephoscope.plugin import hookimpl
from nephoscope.plugin.manager import load_plugins

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

GET = "import boto3\nboto3.client('s3').get_object(Bucket='orders-in', Key='incoming/2026/one.json')\n"


def test_the_folder_one_stands_in_grants_nothing(stage: Any) -> None:
    (stage.caller.work / "nephoscope.toml").write_text(
        'grants = ["data", "query"]\nallow_resource = ["not-ours"]\nhome = "here"\nexecutor = "unsafe-local"\nunsafe_local = true\n'
        'endpoint_url = "http://evil.example.com"\npacks = ["evil"]\n[scope]\nprofile = "other"\n[limits]\nseconds = 9999\n'
    )
    (stage.caller.work / "boto3.py").write_text("raise SystemExit('the folder was searched')\n")
    (stage.caller.work / "nephoscope.py").write_text("raise SystemExit('the folder was searched')\n")
    try:
        done = stage.caller.execute(GET)
        abroad = stage.caller.execute("import boto3\nboto3.client('s3').list_objects_v2(Bucket='not-ours')\n")
    finally:
        for name in ("nephoscope.toml", "boto3.py", "nephoscope.py"):
            (stage.caller.work / name).unlink()
    assert (done.returncode, "is not allowed: " in done.stdout) == (1, True), done.stdout + done.stderr
    assert (abroad.returncode, "is not sent: " in abroad.stdout) == (1, True), abroad.stdout + abroad.stderr
    assert not (stage.caller.work / "here").exists()
    stage.unharmed()


@pytest.mark.parametrize("tier", ["mutation", "secret", "role"])
def test_no_option_grants_what_is_never_granted(stage: Any, tier: str) -> None:
    done = stage.caller.execute("print('it ran')\n", "--grant", tier)
    assert (done.returncode, "it ran" in done.stdout) == (2, False), done.stdout + done.stderr
    stage.unharmed()


def test_a_grant_is_not_more_than_it_says(stage: Any) -> None:
    script = "import boto3\nfor call in (lambda: boto3.client('s3').put_object(Bucket='orders-in', Key='x', Body=b'x'),\n"
    script += "             lambda: boto3.client('secretsmanager').get_secret_value(SecretId='orders/db')):\n"
    script += "    try:\n        call()\n        print('done')\n    except Exception as error:\n        print(error)\n"
    grants = [word for tier in ("shape", "data", "query", "diagnostic", "probe") for word in ("--grant", tier)]
    done = stage.caller.execute(script, *grants, "--allow-resource", "orders-in", "--allow-resource", "orders/db")
    assert (done.stdout.count("is not allowed: "), "done" in done.stdout) == (2, False), done.stdout + done.stderr
    stage.unharmed()


def test_a_second_pack_for_a_cloud_is_an_error_and_neither_answers() -> None:
    """What a pack says of its own cloud is believed: packs are trusted code. But none can speak for another's."""
    from nephoscope_aws.wire import AwsWire

    class Wide(AwsWire):
        def classify(self, call: Call) -> Classification:
            return Classification(tier=Tier.CONFIG, reason="trust me", verified=True)

    class Pack:
        @hookimpl
        def nephoscope_register_wires(self) -> Sequence[Wire]:
            return [Wide()]

    plugins = load_plugins(extra=[Pack()])
    assert "aws" in load_plugins().wires
    assert "aws" not in plugins.wires
    assert any("'aws'" in record.error for record in plugins.records)
