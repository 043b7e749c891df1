"""Accounts with hundreds of things of a kind: the real command still finds what is wrong, within its usual budget."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from delivery_accounts import S3_LAMBDA, Change, World

BUCKETS = 500
QUEUES = 60
FAULTS = ("permission-removed", "notification-empty", "prefix-wrong", "function-deleted")
FUNCTION_ONLY, BOTH = S3_LAMBDA.texts[0], S3_LAMBDA.texts[1]


@pytest.fixture(scope="module")
def crowd(emulate: Callable[..., Any]) -> Any:
    """A healthy delivery among five hundred buckets, some of which notify others."""
    account = emulate("ec2-ssh-port-closed", "twin")
    world = World(account.client, "eu-west-1")
    S3_LAMBDA.build(world)
    for number in range(BUCKETS):
        world.bucket(f"team-{number % 7}-data-{number:03}")
    for number in range(QUEUES):
        world.queue(f"jobs-{number:03}")
        event = {"QueueArn": world.arn("sqs", f"jobs-{number:03}"), "Events": ["s3:ObjectCreated:*"]}
        world.notify(f"team-{number % 7}-data-{number:03}", QueueConfigurations=[event])
    return account, world


@pytest.fixture(params=FAULTS)
def broken(request: pytest.FixtureRequest, crowd: Any) -> Iterator[tuple[Any, Change]]:
    """The account with one fault, mended afterwards."""
    account, world = crowd
    change = next(one for one in S3_LAMBDA.changes if one.name == request.param)
    change.apply(world)
    yield account, change
    _mend(world, request.param)


def _mend(world: World, fault: str) -> None:
    if fault == "function-deleted":
        world.function("imageResizer")
    if fault in ("permission-removed", "function-deleted"):
        world.permit("imageResizer", "s3.amazonaws.com", "arn:aws:s3:::imageuploads-prod")
    if fault in ("notification-empty", "prefix-wrong"):
        entry = {"LambdaFunctionArn": world.arn("lambda", "function:imageResizer"), "Events": ["s3:ObjectCreated:*"]}
        world.notify("imageuploads-prod", LambdaFunctionConfigurations=[entry])


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("text", [FUNCTION_ONLY, BOTH], ids=["function", "both"])
def test_among_five_hundred_buckets_the_fault_is_found(text: str, broken: tuple[Any, Change], terminal: Any) -> None:
    account, change = broken
    if change.name == "function-deleted" and text == FUNCTION_ONLY:
        pytest.skip("words that name nothing but what is gone name nothing")
    found = terminal.run("investigate", text, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json", seconds=500)
    assert found.code == 0, found.out[-2000:] + found.err[-2000:]
    assert found.document["verdict"] == "confirmed"
    assert {cause["id"] for cause in found.document["root_causes"]} & set(change.causes), found.document["root_causes"]
    assert found.document["ledger"]["upstream"] <= 200
