"""Is it Python at all, and of a size that can be looked at?"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache

from nephoscope.models import Script, ScriptEnvironment, Violation

MAX_BYTES = 64_000
MAX_LINES = 1_500
MAX_DEPTH = 80
"""Of nested syntax; what people and models write stays below 30."""


one_at_a_time = threading.RLock()
"""CPython 3.11 keeps the depth of the syntax tree it builds in one place for all threads: two that parse at once can fail each other."""


class Syntax:
    """The first judge: nobody after it sees a text that does not parse."""

    name = "syntax"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """At most one violation, for after the first nothing can be said."""
        return next(([violation] for violation in _violations(script.source)), [])


@lru_cache(maxsize=8)
def tree_of(source: str) -> ast.Module:
    """The parsed script, shared by all judges: do not change it."""
    with one_at_a_time:
        return ast.parse(source)


def _violations(source: str) -> Iterator[Violation]:
    hint = "split the check into smaller ones"
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        yield _error("encoding", 0, "holds characters that are no text (lone surrogates)", "write identifiers and strings in valid Unicode")
        return
    if size > MAX_BYTES:
        yield _error("size", 0, f"has {size} bytes, more than the {MAX_BYTES} allowed", hint)
    elif source.count("\n") > MAX_LINES:
        yield _error("size", 0, f"has more than {MAX_LINES} lines", hint)
    else:
        yield from _unparsable(source)


def _unparsable(source: str) -> Iterator[Violation]:
    try:
        tree = tree_of(source)
        if not tree.body:
            yield _error("empty", 0, "does nothing", "write the script")
        if _depth(tree) > MAX_DEPTH:
            yield _error("depth", 0, f"is nested deeper than {MAX_DEPTH} levels", "flatten it: name intermediate values, use functions")
        compile(source, "script.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        yield _error("syntax", error.lineno or 0, f"is not valid Python: {error.msg}", "correct the syntax of that line")
    except ValueError as error:  # null bytes
        yield _error("syntax", 0, f"is not valid Python: {error}", "write plain text")
    except (RecursionError, MemoryError):
        yield _error("depth", 0, "is nested too deeply to be parsed", "flatten it: name intermediate values, use functions")


def _depth(tree: ast.AST) -> int:
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    return deepest


def _error(rule: str, line: int, message: str, hint: str) -> Violation:
    return Violation(rule=rule, severity="error", line=max(line, 0), message=f"the script {message}", hint=hint)
