"""Routes of an interface: which of them the words are about, and what each calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope.knowledge.mentions import healthy_spans
from nephoscope_aws.access.things import FUNCTION_ARN

_PATH = re.compile(
    r"(?<![\w.:/@-])(?:(GET|PUT|POST|PATCH|DELETE|HEAD|OPTIONS)\s+)?(/[\w{}%-][\w{}.%+~-]*(?:/[\w{}.%+~-]+)*)(?![\w:]*://)", re.IGNORECASE
)
DEFAULT = "$default"
ANY = "ANY"


@dataclass(frozen=True)
class Route:
    """One method of one path. ``function``: the ARN of what it calls as itself; empty where it calls anything else, or by a role."""

    method: str
    path: str
    function: str = ""
    authorizer: str = ""


def routes(value: Any, integrations: Any = None) -> list[Route]:
    """Of a REST interface its resources, or of an HTTP interface its routes with its integrations."""
    if integrations is None:
        return [
            Route(name, str(one.get("path")), _called(method.get("methodIntegration")), str(method.get("authorizerId") or ""))
            for one in _rows(value)
            for name, method in (one.get("resourceMethods") or {}).items()
            if isinstance(method, dict)
        ]
    if not value:
        return [Route(ANY, DEFAULT, _called(one)) for one in _rows(integrations)]
    by_id = {str(one.get("IntegrationId")): one for one in _rows(integrations)}
    return [_keyed(str(one.get("RouteKey")), by_id.get(str(one.get("Target")).rpartition("/")[2])) for one in _rows(value)]


def _keyed(key: str, integration: Any) -> Route:
    method, _, path = key.rpartition(" ")
    return Route(method or ANY, path, _called(integration))


def _called(integration: Any) -> str:
    if not isinstance(integration, dict) or integration.get("credentials") or integration.get("CredentialsArn"):
        return ""
    named = FUNCTION_ARN.search(str(integration.get("uri") or integration.get("IntegrationUri") or ""))
    return named[0] if named else ""


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    return (one for one in (value if isinstance(value, list) else []) if isinstance(one, dict))


def concerned(found: Sequence[Route], text: str) -> list[Route]:
    """The routes that the words are about: those of the paths that hurt, else all but those of the paths that are said to work."""
    healthy = healthy_spans(text)
    spoken = [(match.start(), (match[1] or "").upper(), match[2]) for match in _PATH.finditer(text)]
    hurt = [one for one in spoken if not any(left <= one[0] < right for left, right in healthy)]
    if hurt:
        taken = [route for _, method, path in hurt for route in _taking(found, method, path)]
        return list(dict.fromkeys(taken))
    working = {route for _, method, path in spoken for route in _taking(found, method, path)}
    return [route for route in found if route not in working]


def _taking(found: Sequence[Route], method: str, path: str) -> list[Route]:
    """The routes that take a request: the plainest path that fits, as the services choose. A stage may stand before it."""
    for written in (path, re.sub(r"^/[^/]+(?=/)", "", path)):
        fitting = [route for route in found if route.path != DEFAULT and _fits(route, method, written)]
        plain = [route for route in fitting if "{" not in route.path]
        if fitting:
            return plain or [route for route in fitting if "+}" not in route.path] or fitting
    return [route for route in found if route.path == DEFAULT]


def _fits(route: Route, method: str, path: str) -> bool:
    if method and route.method not in (method, ANY):
        return False
    pieces = re.split(r"(\{[^}]*\})", route.path.rstrip("/"))
    pattern = "".join((".+" if one.endswith("+}") else "[^/]+") if one.startswith("{") else re.escape(one) for one in pieces)
    return re.fullmatch(pattern, path.rstrip("/"), re.IGNORECASE) is not None
