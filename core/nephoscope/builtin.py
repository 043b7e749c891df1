"""Core's own plugins, registered through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Engine, Executor, Judge, LLMBackend, Rewriter, Store
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_rewriters() -> Sequence[Rewriter]:
    from nephoscope.validation.formatting import Autopep8, Black
    from nephoscope.validation.imports import Imports

    return [Imports(), Black(), Autopep8()]


@hookimpl
def nephoscope_register_judges() -> Sequence[Judge]:
    from nephoscope.validation.economy import Economy
    from nephoscope.validation.imports import ImportAllowList
    from nephoscope.validation.lint import Lint
    from nephoscope.validation.requests import Contract, Determinism, Operations
    from nephoscope.validation.security import Security
    from nephoscope.validation.syntax import Syntax

    return [Syntax(), ImportAllowList(), Lint(), Security(), Operations(), Determinism(), Contract(), Economy()]


@hookimpl
def nephoscope_register_executors() -> Sequence[Executor]:
    from nephoscope.boundary.sandbox.bubblewrap import BubblewrapExecutor
    from nephoscope.boundary.sandbox.unsafe import NoneExecutor
    from nephoscope.boundary.sandbox.userns import UsernsExecutor

    return [BubblewrapExecutor(), UsernsExecutor(), NoneExecutor()]


@hookimpl
def nephoscope_register_engines() -> Sequence[Engine]:
    from nephoscope.comparison.local import LocalEngine

    return [LocalEngine()]


@hookimpl
def nephoscope_register_stores() -> Sequence[Store]:
    from nephoscope.store.file import FileStore

    return [FileStore()]


@hookimpl
def nephoscope_register_backends() -> Sequence[LLMBackend]:
    from nephoscope.llm.scripted import ScriptedBackend

    return [ScriptedBackend()]
