"""Hostile and ordinary scripts through the real command, the real sandbox, the real broker, against a cloud that writes down what reached it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from batch import Ending, Snippet, endings, load, runner
from caller import IN_FILE

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(900)]

TOGETHER = ("changes", "secrets", "abroad", "bytes", "surroundings", "redaction")
SERVED = 0.99
AT_ONCE = 12


def run(stage: Any, snippets: list[Snippet]) -> dict[str, Ending]:
    """Some at a time: a sandbox has so many seconds, also on a busy machine."""
    told: dict[str, Ending] = {}
    for start in range(0, len(snippets), AT_ONCE):
        some = snippets[start : start + AT_ONCE]
        done = stage.caller.execute(runner(some, {**stage.ids, "port": str(stage.cloud.port)}))
        ended = endings(done.stdout)
        assert ended.keys() == {each.name for each in some}, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
        told |= ended
    return told


@pytest.mark.parametrize("name", TOGETHER)
def test_attacks_are_told_why_and_have_no_effect(stage: Any, name: str) -> None:
    snippets = load(name)
    told = run(stage, snippets)
    surprising = {each.name: told[each.name] for each in snippets if not re.search(each.says, told[each.name].said)}
    assert surprising == {}
    stage.unharmed()


def test_the_ways_of_attack_work_for_what_is_allowed(stage: Any) -> None:
    """Otherwise the attacks above might fail for being wrong."""
    controls = [
        Snippet("a form", 'form("ec2", "Action=DescribeVpcs&Version=2016-11-15")', "HTTP/1.1 200"),
        Snippet("chunks", r'form("ec2", "26\r\nAction=DescribeVpcs&Version=2016-11-15\r\n0\r\n\r\n", "Transfer-Encoding: chunked")', "HTTP/1.1 200"),
        Snippet("a path", r'raw("GET http://aws.neph/ HTTP/1.1\r\nHost: aws.neph\r\n" + authorization("s3") + "\r\n\r\n")', "HTTP/1.1 200"),
        Snippet(
            "a presigned list",
            'print(urllib.request.urlopen(c("s3").generate_presigned_url("list_objects_v2", {"Bucket": "orders-in"})).status)',
            "200",
        ),
    ]
    told = run(stage, controls)
    assert {each.name: told[each.name] for each in controls if not re.search(each.says, told[each.name].said)} == {}
    used = {re.search("Credential=([^/]*)", each["headers"]["authorization"])[1] for each in stage.cloud.log()}  # type: ignore[index]
    assert used == {IN_FILE["aws_access_key_id"]}, "the boundary held the caller's credentials all along"
    stage.unharmed()


def test_the_oracle_sees_changes(stage: Any) -> None:
    """The lists that are compared would show it, and the log too."""
    s3 = stage.cloud.client("s3")
    s3.put_object(Bucket="orders-out", Key="seen", Body=b"x")
    with pytest.raises(AssertionError):
        stage.unharmed()
    stage.cloud.forget()
    with pytest.raises(AssertionError):
        stage.unharmed()
    s3.delete_object(Bucket="orders-out", Key="seen")
    stage.cloud.forget()
    stage.unharmed()


@pytest.mark.parametrize("snippet", load("exhaustion"), ids=lambda each: each.name.replace(" ", "-"))
def test_no_script_takes_the_machine_or_outlives_its_run(stage: Any, snippet: Snippet) -> None:
    begun = time.monotonic()
    done = stage.caller.execute(snippet.script)
    assert time.monotonic() - begun < 90
    assert re.search(snippet.says, done.stdout + done.stderr), (done.returncode, done.stdout[-1500:], done.stderr[-1500:])
    assert len(done.stdout) < 1_200_000
    assert "Traceback" not in done.stderr
    stage.unharmed()


def test_ordinary_scripts_run(stage: Any) -> None:
    snippets = load("benign")
    told = run(stage, snippets)
    failed = {each.name: told[each.name].said[-800:] for each in snippets if told[each.name].status}
    assert len(snippets) >= 60
    assert len(failed) <= len(snippets) * (1 - SERVED), failed
    stage.unharmed()


def test_a_script_cannot_reach_the_next(stage: Any) -> None:
    first = stage.caller.execute(
        "import os, pathlib\nprint(pathlib.Path('boto3.py').write_text('raise SystemExit(9)'))\n"
        "for name in ('.config', '.local/lib/python3.11/site-packages'):\n    pathlib.Path(name).mkdir(parents=True)\n"
        "pathlib.Path('.local/lib/python3.11/site-packages/usercustomize.py').write_text('raise SystemExit(9)')\n"
    )
    assert first.returncode == 0, first.stderr
    second = stage.caller.execute("import boto3, os\nprint(sorted(os.listdir('.')), boto3.__file__)\n")
    assert (second.returncode, "site-packages" in second.stdout) == (0, True), second.stdout + second.stderr
    stage.unharmed()


def test_without_a_profile_an_address_of_this_machine_gets_no_real_credentials(stage: Any) -> None:
    done = stage.caller.execute("import boto3\nprint(boto3.client('sts').get_caller_identity()['Account'])\n", profile=False)
    assert done.returncode == 0, done.stderr
    assert not any("CANARY" in str(each["headers"]) for each in stage.cloud.log())
    stage.unharmed()
