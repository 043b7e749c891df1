"""AWS-managed policies: the emulated account gets those its seed names and a few that everybody uses, not all the thousand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

_NAMED = re.compile(r":aws:policy/([\w+=,.@/-]+)")
_COMMON = frozenset(
    (
        "AdministratorAccess",
        "ReadOnlyAccess",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonECSTaskExecutionRolePolicy",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonSQSFullAccess",
        "AmazonSSMManagedInstanceCore",
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
    )
)


def policies_named(text: str) -> frozenset[str]:
    """Names of AWS-managed policies in a text, without their paths."""
    return frozenset(path.rpartition("/")[2] for path in _NAMED.findall(text))


@cache
def _shipped(backend: Any) -> dict[str, Any]:
    """All of them, as they were before the first account was made."""
    found: dict[str, Any] = json.loads(backend.aws_managed_policies_data)
    return found


def keep_managed_policies(names: Iterable[str]) -> None:
    """Of the policies the emulator ships, keep these and the common ones: it reads them anew for every account and every reset."""
    from moto.iam import models

    backend: Any = models  # what it read at import is a plain attribute of the module
    shipped = _shipped(backend)
    backend.aws_managed_policies_data = json.dumps({name: shipped[name] for name in shipped.keys() & {*names, *_COMMON}})
