"""Joining a Ray cluster, or starting one of our own on this machine."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
from collections.abc import Iterator
from typing import Any

from nephoscope.interfaces import EndpointError, UsageError

STORE_BYTES = 100 * 1024 * 1024
"""Of our own cluster's object store: results are small."""
_REACH_SECONDS = 5.0
_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing about anybody is sent to Ray's makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}


def load() -> Any:
    """Ray, told to report nothing to its makers. Raises ``UsageError`` where it is not installed."""
    os.environ.update(_SILENT)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise UsageError(
            f"Ray cannot be imported: {error}", "pip install 'nephoscope[ray]'; Ray has no wheels for every version of Python"
        ) from error


@contextlib.contextmanager
def joined(address: str, jobs: int) -> Iterator[Any]:
    """Ray, connected: to the cluster at an address, or to one that begins and ends here.

    Raises ``UsageError`` for an address that is none, ``EndpointError`` where no cluster answers.
    """
    ray = load()
    if ray.is_initialized():
        raise UsageError("this process is connected to a Ray cluster already", "leave it first: ray.shutdown()")
    quiet: dict[str, Any] = {"namespace": "nephoscope", "log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    if address:
        _reach(address)
        own: dict[str, Any] = {"address": address}
    else:
        own = {"address": "local", "num_cpus": jobs or None, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        ray.init(**own, **quiet)
    except Exception as error:
        what = f"the Ray cluster {address or 'of our own'} cannot be used: {_first_line(error)}"
        hint = "is it up, of the same version of Ray and Python, and is this machine one of it? See: ray status"
        raise EndpointError(what, hint) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Ray itself waits for minutes where nobody is."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        hint = "run this command on a machine of the cluster, and write --address auto or --address HOST:PORT, as for ray start"
        raise UsageError(f"{address!r} is no address of a Ray cluster", hint)
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except OSError as error:
        raise EndpointError(f"no Ray cluster answers at {address}: {error}", "start one: ray start --head; or leave --address out") from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
