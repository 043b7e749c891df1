"""Suite for least-privilege documents."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nephoscope.interfaces import Policy
from nephoscope.models import Call
from nephoscope.testing.conformance.base import Suite


class PolicySuite(Suite):
    """``calls``: calls of at least two different operations."""

    interface = Policy
    subject: Policy
    calls: Sequence[Call] = ()

    def text(self, calls: Sequence[Call]) -> str:
        """The document as JSON text."""
        return json.dumps(self.subject.document(calls), sort_keys=True)

    def test_is_the_same_in_any_order_and_number(self) -> None:
        """What was asked matters, not when or how often."""
        calls = list(self.samples("calls"))
        assert self.text(calls) == self.text(calls[::-1]) == self.text(calls * 2)

    def test_every_operation_adds_what_it_needs_and_nothing_else_does(self) -> None:
        """A document for fewer calls is another one; one for no calls allows nothing."""
        calls = list(self.samples("calls"))
        assert len({call.name for call in calls}) > 1
        assert self.text([]) != self.text(calls)
        for call in calls:
            alone = self.text([call])
            assert alone != self.text([])
            assert len(alone) <= len(self.text(calls))
