"""Words that name two things do not make the one call the other: who cannot do what, and where it is that nothing arrives."""

from __future__ import annotations

import pytest
from test_event_delivery import BUCKET, FUNCTION, REGION, view

from nephoscope.knowledge.symptoms import classify
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope_aws.access.things import ref
from nephoscope_aws.access.uses import about_logs
from nephoscope_aws.analyzers.access import _concerned
from nephoscope_aws.analyzers.delivering.words import fills
from nephoscope_aws.analyzers.event_delivery import EventDelivery
from nephoscope_aws.analyzers.names import _certified

OWN = ref("logs:log-group", f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/lambda/resize:*", "/aws/lambda/resize", "123456789012", REGION)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("there are no new files in lake", True),
        ("no new files of the clicks in bucket lake since Monday", True),
        ("nothing arrives in our bucket 'lake' any more", True),
        ("no new files in lake trigger resize", False),
        ("new files in lake are not processed", False),
        ("there are no new files in lake-raw", False),
    ],
)
def test_where_nothing_new_comes_to(text: str, meant: bool) -> None:
    assert fills(text, "lake") is meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("The certificate for shop.acme.com stays in pending validation", True),
        ("our cert shop.acme.com is not ready", True),
        ("shop.acme.com does not load, is it the certificate?", False),
        ("the certificate for shop.acme.com is fine but shop.acme.com does not resolve", False),
    ],
)
def test_a_certificate_that_is_called_by_its_domain(text: str, meant: bool) -> None:
    assert _certified(text, "shop.acme.com") is meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("function resize writes no logs", True),
        ("cant find any logs of the resize lambda", True),
        ("the log group /aws/lambda/resize does not exist", True),
        ("resize logs an error", False),
        ("nobody can log in to resize", False),
        ("logging into the shop fails", False),
    ],
)
def test_lines_that_are_missed(text: str, meant: bool) -> None:
    assert about_logs(text) is meant


def spoken(text: str, *things: ResourceRef) -> Problem:
    ranked = classify(text)
    entities = tuple(Entity(text=one.name, role="sick", named=True, matches=(one,)) for one in things)
    return Problem(text=text, symptom=ranked[0], symptoms=ranked[1:], entities=entities, now="2026-11-24T10:00Z")


def asked(text: str, *things: ResourceRef) -> set[str]:
    evidence = view({}, {}, text=text, things=things)
    return {one.cause for one in EventDelivery().analyze(evidence.__class__(spoken(text, *things), [], identities=evidence.identities))}


def test_whoever_cannot_open_a_thing_is_not_waiting_for_its_events() -> None:
    assert "aws.s3.notification-missing" not in asked(f"I suspect the policy of {BUCKET.name}, resize can't open the files", BUCKET, FUNCTION)
    assert "aws.s3.notification-missing" in asked(f"{BUCKET.name} cannot reach resize", BUCKET, FUNCTION)


def test_a_policy_that_is_suspected_is_looked_at() -> None:
    for text, expected in (
        (f"I suspect the bucket policy of {BUCKET.name}, resize can't open the files", True),
        (f"resize can't open a connection to {BUCKET.name}", False),
    ):
        evidence = view({}, {}, text=text, things=(BUCKET, FUNCTION))
        problem = spoken(text, BUCKET, FUNCTION)
        assert _concerned(evidence.__class__(problem, [], identities=evidence.identities)) is expected


def test_a_function_is_not_called_by_its_own_log() -> None:
    assert "aws.logs.subscription-missing" not in asked("resize is not invoked: the log group /aws/lambda/resize is empty", OWN, FUNCTION)
    other = ref("logs:log-group", OWN.native_id.replace("resize", "upload"), "/aws/lambda/upload", "123456789012", REGION)
    assert "aws.logs.subscription-missing" in asked("resize is not invoked by the lines of /aws/lambda/upload", other, FUNCTION)
