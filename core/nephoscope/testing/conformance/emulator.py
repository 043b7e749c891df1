"""Suite for emulators."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest

from nephoscope.interfaces import Emulator
from nephoscope.models import Json
from nephoscope.testing.conformance.base import Suite


class EmulatorSuite(Suite):
    """``subject``: a stopped emulator; ``another``: a second object of the same kind; ``seed``: something to start with."""

    interface = Emulator
    subject: Emulator
    another: Emulator
    seed: Mapping[str, Json]

    @pytest.fixture(autouse=True)
    def _stopped_at_the_end(self) -> Iterator[None]:
        yield
        self.subject.stop()
        self.another.stop()

    def test_answers_on_this_machine_only_and_its_scope_points_there(self) -> None:
        """The endpoint is on loopback, takes connections, and is in the scope's options."""
        endpoint = self.subject.start(self.seed)
        assert urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1")
        assert _answers(endpoint)
        scope = self.subject.scope()
        assert scope.cloud == self.subject.cloud
        assert endpoint in scope.options.values()

    def test_two_leases_share_nothing(self) -> None:
        """Each object has an endpoint of its own, and stopping one leaves the other."""
        mine, other = self.subject.start(self.seed), self.another.start(self.seed)
        assert mine != other
        self.another.stop()
        assert _answers(mine)
        assert not _answers(other)

    def test_stops_and_may_be_stopped_again(self) -> None:
        """After ``stop`` nothing listens; a second ``stop`` does no harm; it can be started anew."""
        endpoint = self.subject.start(self.seed)
        self.subject.stop()
        assert not _answers(endpoint)
        self.subject.stop()
        assert _answers(self.subject.start(self.seed))

    def test_answers_after_a_reset(self) -> None:
        """``reset`` leaves a running emulator behind."""
        self.subject.start(self.seed)
        self.subject.reset()
        assert any(_answers(value) for value in self.subject.scope().options.values() if isinstance(value, str) and "://" in value)


def _answers(endpoint: str) -> bool:
    url = urlsplit(endpoint)
    try:
        with socket.create_connection((url.hostname or "", url.port or 80), timeout=5):
            return True
    except OSError:
        return False
