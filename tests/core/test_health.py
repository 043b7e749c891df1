"""What ``doctor`` asks for where nothing contains a script."""

from __future__ import annotations

import pytest

from nephoscope.boundary.protocol import Probe
from nephoscope.health import remedy


@pytest.mark.parametrize(
    ("why_not", "asked"),
    [
        ("bubblewrap is not installed: install the package `bubblewrap` (apt, dnf)", "install the package `bubblewrap` (apt, dnf)"),
        ("bubblewrap does not work here (bwrap: No permission: denied): in a container, allow namespaces", "in a container, allow namespaces"),
        ("needs another kernel", "needs another kernel"),
    ],
)
def test_the_remedy_is_that_of_the_first_that_could_contain(why_not: str, asked: str) -> None:
    bare = Probe(executor="unsafe-local", isolation="none", why_not="never mind")
    first = Probe(executor="bubblewrap", isolation="bubblewrap", why_not=why_not)
    second = Probe(executor="userns", isolation="userns", why_not="namespaces cannot be made here (x): install bubblewrap")
    assert remedy([bare, first, second]) == asked
