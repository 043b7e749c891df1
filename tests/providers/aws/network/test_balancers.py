"""Listener rules: which one takes a request, and which is never reached."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope_aws.network.balancers import asks, shadowing, speaks_of

Spec = dict[str, list[str]]


def rule(priority: str, **asked: list[str]) -> dict[str, Any]:
    keys = {"path": ("path-pattern", "PathPatternConfig"), "host": ("host-header", "HostHeaderConfig"), "method": ("http-request-method", "Method")}
    conditions = [{"Field": keys[name][0], keys[name][1]: {"Values": values}} for name, values in asked.items()]
    return {"Priority": priority, "Conditions": conditions, "Actions": []}


@pytest.mark.parametrize(
    ("earlier", "narrow", "hidden"),
    [
        ({"path": ["/api/*"]}, {"path": ["/api/rates/*"]}, True),
        ({"path": ["/api/*"]}, {"path": ["/api/rates/*", "/rates/*"]}, False),
        ({"path": ["/api/*"]}, {"path": ["/api/rates/*"], "host": ["a.example"]}, True),
        ({"path": ["/api/*"], "host": ["b.example"]}, {"path": ["/api/rates/*"]}, False),
        ({"host": ["*.example"]}, {"host": ["A.example"], "path": ["/x"]}, True),
        ({"path": ["/api/v?/*"]}, {"path": ["/api/*"]}, False),
        ({"path": ["/api/*"], "method": ["GET"]}, {"path": ["/api/rates/*"]}, False),
    ],
)
def test_a_rule_is_hidden_by_one_before_it_that_asks_for_no_less(earlier: Spec, narrow: Spec, hidden: bool) -> None:
    first, second = rule("10", **earlier), rule("20", **narrow)
    assert (shadowing(second, [second, first]) is first) is hidden
    assert shadowing(rule("5", **narrow), [first]) is None
    assert shadowing(rule("default", **narrow), []) is None


def test_what_a_rule_asks_for_is_compared_with_what_is_told() -> None:
    both = rule("1", path=["/a/*"], host=["x.example"])
    assert speaks_of(both, "/a/b", "")
    assert not speaks_of(both, "/a/b", "y.example")
    assert not speaks_of(rule("1", host=["x.example"]), "/a/b", "")
    assert asks(both) == "path /a/* and host x.example"
    assert asks(rule("1")) == "anything"
