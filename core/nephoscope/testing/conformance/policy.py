"""Suite for least-privilege documents."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence

from nephoscope.interfaces import Policy, UsageError
from nephoscope.models import Call, Judged, Tier
from nephoscope.testing.conformance.base import Suite

FREE = (Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY)


class PolicySuite(Suite):
    """``calls``: reads of at least two different operations, none of which needs a grant."""

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

    def test_what_could_not_be_narrower_is_said_in_any_order(self) -> None:
        """Sentences, the same for the same calls; nothing was asked, nothing is said."""
        calls = list(self.samples("calls"))
        assert list(self.subject.remarks([])) == []
        told = list(self.subject.remarks(calls))
        assert told == list(self.subject.remarks(calls[::-1]))
        assert all(isinstance(each, str) and each for each in told)

    def test_every_read_can_be_explained_and_the_unknown_is_a_mutation(self) -> None:
        """What was asked without a grant is a free tier with the permissions it needs; an invented operation is refused."""
        for call in self.samples("calls"):
            access = self.subject.explain(call.name)
            assert (access.operation, access.known) == (call.name, True)
            assert access.tier in FREE
            assert access.judged is not Judged.UNKNOWN
            assert access.needs
        for invented in ("nobody:KnowsThis", f"{self.samples('calls')[0].service}:ListEverythingTwice", "", "x"):
            access = self.subject.explain(invented)
            assert (access.tier, access.judged, access.known) == (Tier.MUTATION, Judged.UNKNOWN, False)

    def test_coverage_counts_every_operation_once(self) -> None:
        """The services of the calls are covered, and the parts of each make its whole."""
        for service in sorted({call.service for call in self.samples("calls")}):
            (row,) = self.subject.coverage(service)
            assert row.service == service
            assert row.reviewed + row.proposed + row.suspected + row.unknown == row.operations == sum(row.by_tier.values())
            assert 0 < row.usable <= row.operations

    def test_a_session_and_a_role_are_narrower_with_fewer_tiers(self) -> None:
        """Never wider for less; a form that the cloud lacks is a usage error."""
        less, more = [Tier.IDENTITY, Tier.CONFIG], [*FREE, Tier.DATA, Tier.QUERY]
        assert self.subject.session(less) == self.subject.session(less[::-1])
        assert json.dumps(self.subject.session(less)) != json.dumps(self.subject.session(more)) or self.subject.session(less) is None
        assert self.subject.baseline(less, "json")
        for form in ("terraform", "cloudformation"):
            with contextlib.suppress(UsageError):
                assert self.subject.baseline(less, form)
                assert self.subject.text(self.subject.document(list(self.samples("calls"))), form, "Name")
