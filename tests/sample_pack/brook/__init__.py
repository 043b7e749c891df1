"""The SDK of Brook, as its vendor would ship it: ``brook.client("ponds").get_pond(Name="lily")``."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

PATHS = {"get": "GET", "list": "GET", "put": "PUT", "delete": "DELETE"}


class Error(Exception):
    """What the service answered instead of a result. Shaped like other SDKs' errors: ``response``, ``operation_name``."""

    def __init__(self, code: str, message: str, operation: str) -> None:
        super().__init__(f"{code} when calling {operation}: {message}")
        self.response = {"Error": {"Code": code, "Message": message}}
        self.operation_name = operation


class Client:
    """Methods are ``<verb>_<thing>``; lists are read to their end."""

    def __init__(self, service: str) -> None:
        self._base = f"{os.environ['BROOK_ENDPOINT']}/v1/{service}"

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        verb, _, thing = name.partition("_")
        if verb not in PATHS or not thing:
            raise AttributeError(name)
        operation = verb.capitalize() + thing.capitalize()
        return lambda **params: self._list(operation, params) if verb == "list" else self._one(PATHS[verb], operation, params)

    def _one(self, method: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {key.lower(): value for key, value in params.items() if key != "Name"}
        return self._send(method, f"{self._base}/{quote(params['Name'], safe='')}", json.dumps(body).encode() if body else None, operation)

    def _list(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        page = self._send("GET", self._base + (f"?{urlencode({'after': params['After']})}" if params else ""), None, operation)
        if page.get("next"):
            rest = self._list(operation, {"After": page["next"]})
            return {key: value + rest[key] for key, value in page.items() if isinstance(value, list)}
        return page

    def _send(self, method: str, url: str, body: bytes | None, operation: str) -> dict[str, Any]:
        request = urllib.request.Request(url, body, {"x-brook-key": os.environ["BROOK_KEY"]}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return dict(json.load(reply))
        except urllib.error.HTTPError as error:
            told = json.loads(error.read() or b"{}").get("error") or {}
            raise Error(told.get("code", str(error.code)), told.get("message", ""), operation) from None


def client(service: str) -> Client:
    """A client of ``ponds`` or ``gates``."""
    return Client(service)
