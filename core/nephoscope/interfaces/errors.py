"""Errors that a plugin may raise and core understands."""

from __future__ import annotations


class NephoscopeError(Exception):
    """What happened, why, and what to do next. ``exit_code`` is what the command line ends with."""

    exit_code = 4

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(NephoscopeError):
    """Wrong words, settings, files or surroundings."""

    exit_code = 2


class IsolationError(NephoscopeError):
    """Nothing here can contain a script."""

    exit_code = 2


class CredentialsError(NephoscopeError):
    """No, expired or refused credentials. ``hint`` is the command to type."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, expired: bool = False) -> None:
        super().__init__(message, hint)
        self.expired = expired


class EndpointError(NephoscopeError):
    """The endpoint cannot be reached, or what answers is not the cloud."""

    exit_code = 3


class StoreLost(EndpointError):
    """A shared database that answered before does not answer any more."""


class Ambiguous(NephoscopeError):
    """A request without exactly one reading. Refused."""


class BoundaryGone(NephoscopeError):
    """The boundary process ended."""


class ModelError(NephoscopeError):
    """A language model gives no usable answer. ``kind`` as in :class:`nephoscope.models.Fault`."""

    exit_code = 3

    def __init__(self, message: str, hint: str = "", *, kind: str = "unknown") -> None:
        super().__init__(message, hint)
        self.kind = kind


class BudgetError(NephoscopeError):
    """Tokens or dollars for language models are used up."""

    exit_code = 1


class Stopped(NephoscopeError):
    """Somebody asked to stop while something was waited for. What is on record stays; the run can be resumed."""

    exit_code = 130


class WorkLost(NephoscopeError):
    """Whoever carried a piece of work out was lost again and again."""
