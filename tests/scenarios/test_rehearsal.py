"""Scripts on mock data: the real sandbox and broker, before an emulator that answers with made-up replies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nephoscope.engine.rehearsing import rehearse
from nephoscope.interfaces import UsageError
from nephoscope.models import Check, Identity, Limits, Rehearsal, Scope, Script
from nephoscope.plugin.manager import Plugins, load_plugins
from nephoscope.settings import Settings
from nephoscope.staging import Theatre, _here

WHO = Identity(cloud="aws", account="471147114711", principal="arn:aws:iam::471147114711:role/reader", regions=("eu-west-1",))
HEAD = """
import boto3
from botocore.exceptions import ClientError
from nephoscope_script import params, state
ecs = boto3.client("ecs", region_name="eu-west-1")
"""
PAGES = """
for page in ecs.get_paginator("list_services").paginate(cluster="shop-prod"):
    ecs.describe_services(cluster="shop-prod", services=page["serviceArns"])
"""
STATED = """
found = ecs.describe_services(cluster="shop-prod", services=["checkout-api"])["services"]
state({"type": "ecs:service", "id": "checkout-api"}, "wanted", [one["desiredCount"] for one in found], "ecs:DescribeServices", "%s")
"""
GOOD = {
    "reads a list to its end": PAGES,
    "catches what the SDK raises": f"try:\n{PAGES.replace(chr(10), chr(10) + '    ')}\nexcept ClientError as error:\n    print(error)\n",
    "takes what the check gives": 'ecs.describe_services(cluster=params()["cluster"], services=["a"])',
    "states what a reply shows": STATED % "services[].desiredCount",
}
BAD = {
    "a key no reply has": ('print(ecs.list_clusters()["Clusters"])', "KeyError: 'Clusters'", "clusterArns"),
    "one page of several": ('ecs.list_services(cluster="shop-prod")', "to page 1 of 2", "last page"),
    "a wrong parameter": ('ecs.describe_services(Cluster="shop-prod", services=["a"])', "ParamValidationError", ""),
    "an expression that finds nothing": (STATED % "Services[].desiredCount", "finds nothing in the reply", "services"),
    "an expression that is none": (STATED % "services[", "no JMESPath", ""),
    "something that changes": ('ecs.delete_cluster(cluster="shop-prod")', "ecs:DeleteCluster", ""),
    "nothing": ("print(1)", "asks nothing", ""),
    "a name that is not there": (f"{PAGES}\nprint(nothing_of_that_name)", "NameError", ""),
}
UNSURE = {
    "it looks for a thing the mock account has not": (
        'found = ecs.describe_services(cluster="c", services=["a"])["services"]\n'
        'print(next(one for one in found if one["serviceName"] == "checkout-api"))',
        "StopIteration",
    ),
    "logs are not read to their end": (
        'logs = boto3.client("logs", region_name="eu-west-1")\nlogs.filter_log_events(logGroupName="/app", limit=5)\n'
        'for page in ecs.get_paginator("list_clusters").paginate():\n    print(page)',
        "logs:FilterLogEvents",
    ),
}


def script(source: str) -> Script:
    check = Check(id="c", intent="what the services want", cloud="aws", params={"cluster": "shop-prod"})
    return Script(source=HEAD + source, check=check, cloud="aws", author="model:test")


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins()


@pytest.fixture(scope="module")
def theatre(plugins: Plugins, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
        patch.setenv("AWS_ENDPOINT_URL", "http://198.51.100.7")  # were it asked, everything would fail
        made = Theatre(Settings(rehearsal_seconds=3000, limits=Limits(seconds=500)), plugins, [WHO], tmp_path_factory.mktemp("run") / "rehearsal")
        yield made
        made.close()
    assert not made._folder.exists()


@pytest.fixture(scope="module")
def on_stage(theatre: Theatre, plugins: Plugins) -> Callable[[str], Rehearsal]:
    return lambda source: rehearse(script(source), plugins.estates["aws"], theatre)


@pytest.mark.parametrize("what", GOOD)
def test_a_sound_script_passes_a_test_that_was_seen_to_fail(on_stage: Callable[[str], Rehearsal], what: str) -> None:
    found = on_stage(GOOD[what])
    assert (found.outcome, found.reason) == ("passed", "")
    assert found.tested
    assert {fact.operation for fact in found.tested} == set(found.operations)


@pytest.mark.parametrize("what", BAD)
def test_what_is_surely_wrong_is_told_before_the_account_is_asked(on_stage: Callable[[str], Rehearsal], what: str) -> None:
    source, reason, hint = BAD[what]
    found = on_stage(source)
    assert found.outcome == "failed", found
    assert reason in found.reason
    assert hint in found.hint


@pytest.mark.parametrize("what", UNSURE)
def test_what_data_may_be_the_cause_of_is_not_held_against_a_script(on_stage: Callable[[str], Rehearsal], what: str) -> None:
    source, doubt = UNSURE[what]
    found = on_stage(source)
    assert found.outcome == "passed", found
    assert doubt in found.unsure


def test_what_the_emulator_lacks_is_no_fault_and_is_said(on_stage: Callable[[str], Rehearsal]) -> None:
    found = on_stage('boto3.client("s3", region_name="eu-west-1").list_parts(Bucket="b", Key="k", UploadId="u")')
    assert (found.outcome, found.tested) == ("skipped", ())
    assert "s3:ListParts" in found.reason


def test_there_is_no_stage_elsewhere(plugins: Plugins, tmp_path: Path) -> None:
    for address in ("https://ecs.eu-west-1.amazonaws.com", "http://10.0.0.8:4566"):
        with pytest.raises(UsageError, match="not on this machine"):
            _here(Scope(cloud="aws", options={"endpoint_url": address}))
    with pytest.raises(UsageError, match="not on this machine"):
        _here(Scope(cloud="aws", options={"region": "eu-west-1"}))
    spent = Theatre(Settings(rehearsal_seconds=0), plugins, [WHO], tmp_path / "rehearsal")
    found = rehearse(script(PAGES), plugins.estates["aws"], spent)
    assert (found.outcome, "used up" in found.reason) == ("skipped", True)
    assert not (tmp_path / "rehearsal").exists(), "nothing was started"
