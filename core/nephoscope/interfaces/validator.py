"""Validators: first rewrite a script, then judge its final bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from nephoscope.models import Script, ScriptEnvironment, Violation


@runtime_checkable
class Rewriter(Protocol):
    """First phase: imports, formatting. Must keep the meaning. Raising is a rejection."""

    @property
    def name(self) -> str: ...

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script: ...


@runtime_checkable
class Judge(Protocol):
    """Second phase: sees the bytes that would run. An ``error`` violation rejects; raising is an ``error`` violation."""

    @property
    def name(self) -> str: ...

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]: ...
