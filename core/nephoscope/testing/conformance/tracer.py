"""Suite for tools that show runs as traces."""

from __future__ import annotations

import time

from nephoscope.interfaces import Tracer
from nephoscope.models import TracedRun, TraceTarget
from nephoscope.testing.conformance.base import Suite


class TracerSuite(Suite):
    """``target``: an endpoint where nobody answers."""

    interface = Tracer
    subject: Tracer
    target: TraceTarget | None = None

    def test_an_endpoint_that_is_down_is_no_trouble(self) -> None:
        """What is traced goes on, there is a link, and leaving is quick: two seconds, and more for a busy machine."""
        done = False
        with self.subject.trace(TracedRun(id="r-1"), self.samples("target"), str) as link:
            done = True
            assert link()
            begun = time.monotonic()
        assert done
        assert time.monotonic() - begun < 5
