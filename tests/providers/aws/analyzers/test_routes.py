"""Which routes of an interface the words are about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge.mentions import requested
from nephoscope_aws.access.routes import Route, concerned, routes

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:{}"
URI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + FUNCTION + "/invocations"
ROUTES = [
    Route("GET", "/profile", "a"), Route("POST", "/profile", "b"), Route("GET", "/orders/{id}", "c"),
    Route("GET", "/orders/open", "d"), Route("ANY", "/files/{path+}", "e"),
    Route("ANY", "$default", "f"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("GET /profile answers 500", "a"),
        ("/profile answers 500", "ab"),
        ("GET /orders/17 fails with 500", "c"),
        ("GET /orders/open fails with 500", "d"),
        ("https://x.example.com/ is fine, GET /prod/profile is not", "a"),
        ("PUT /files/a/b/c is broken", "e"),
        ("GET /nowhere answers 500", "f"),
        ("the api answers 500", "abcdef"),
        ("the api answers 500, but GET /profile works", "bcdef"),
    ],
)
def test_paths_in_the_words_tell_the_routes(text: str, functions: str) -> None:
    assert "".join(one.function for one in concerned(ROUTES, text)) == functions


def test_both_kinds_of_interface_are_read_and_roles_are_left_out() -> None:
    rest = [
        {"path": "/a", "resourceMethods": {"GET": {"methodIntegration": {"uri": URI.format("x")}}}},
        {
            "path": "/b",
            "resourceMethods": {"GET": {"methodIntegration": {"uri": URI.format("y"), "credentials": "arn:aws:iam::1:role/r"}}, "PUT": {}},
        },
        {"path": "/"},
    ]
    assert routes(rest) == [Route("GET", "/a", FUNCTION.format("x")), Route("GET", "/b"), Route("PUT", "/b")]
    integrations = [
        {"IntegrationId": "1", "IntegrationUri": FUNCTION.format("x")},
        {"IntegrationId": "2", "IntegrationUri": "https://elsewhere.example.com"},
    ]
    http = [{"RouteKey": "GET /a", "Target": "integrations/1"}, {"RouteKey": "$default", "Target": "integrations/2"}, {"RouteKey": "GET /c"}]
    assert routes(http, integrations) == [Route("GET", "/a", FUNCTION.format("x")), Route("ANY", "$default"), Route("GET", "/c")]
    assert routes([], integrations)[0].function == FUNCTION.format("x")


@given(st.text(alphabet="GET /abc{}+.%", max_size=30))
def test_any_words_are_about_some_of_the_routes(text: str) -> None:
    assert set(concerned(ROUTES, text)) <= set(ROUTES)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("GET /cart gives 500s", ["/cart"]),
        ("the app shows an error on /profile/settings", ["/profile/settings"]),
        ("the disk at /var/lib/data is full", []),
        ("GET https://shop.example.com/cart answers 500", []),
        ("POST s3://bucket/key fails with 403", []),
    ],
)
def test_paths_that_a_request_asks_for(text: str, paths: list[str]) -> None:
    assert [path for _, path in requested(text)] == paths
