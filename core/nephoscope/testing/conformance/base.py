"""What all suites share."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from nephoscope.plugin.contract import breaches


class Suite:
    """``subject``: the object under test. ``interface``: set by each suite."""

    interface: ClassVar[type]
    subject: Any

    def test_keeps_the_interface(self) -> None:
        """Names, signatures and kinds of members are those of the interface."""
        assert breaches(self.subject, self.interface) == []

    def samples(self, name: str) -> Any:
        """The samples of that name; a suite without samples proves nothing, so none is a failure."""
        found = getattr(self, name, None)
        if not found:
            pytest.fail(f"{type(self).__name__}.{name} is empty: give the suite something to test with")
        return found
