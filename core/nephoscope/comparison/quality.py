"""How well a script is written, by its text alone: the same questions to every model's, whether it ran or not."""

from __future__ import annotations

import ast

from nephoscope.models import Frozen

_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)
_MANY = ("list", "describe", "search", "scan", "query", "get")
"""Verbs of reads; those of the last count only with a plural."""
_NEXT = (
    "paginat",
    "nexttoken",
    "next_token",
    "marker",
    "continuation",
    "cursor",
    "page_token",
    "list_next",
    "has_more",
    "istruncated",
    "lastevaluated",
)
_WIDE = ("Exception", "BaseException")


class Quality(Frozen):
    """One script. ``complexity``: independent paths of its most branched function (McCabe's), the module's own counted as one.

    ``lists``: it asks for things of which there may be many; ``pages``: it then asks for the rest too. ``handles``: a fault of a call is met by
    a handler that names what it is for.
    """

    parses: bool = False
    complexity: int = 0
    lists: bool = False
    pages: bool = False
    handles: bool = False


def quality(source: str) -> Quality:
    """Never raises: what is no Python has none."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Quality()
    nodes = list(ast.walk(tree))
    words = source.lower()
    return Quality(
        parses=True,
        complexity=max(map(_paths, [tree, *(node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))])),
        lists=any(_lists(node.func.attr) for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
        or "get_paginator" in words,
        pages=any(word in words for word in _NEXT),
        handles=any(isinstance(node, ast.Try) and any(map(_named, node.handlers)) for node in nodes),
    )


def _paths(root: ast.AST) -> int:
    """McCabe's number of one function, or of what stands outside of all: one more than it has branches."""
    found, todo = 1, list(ast.iter_child_nodes(root))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        found += isinstance(node, _BRANCHES) + (len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0)
        todo.extend(ast.iter_child_nodes(node))
    return found


def _lists(name: str) -> bool:
    verb = name.partition("_")[0]
    return verb in _MANY and (verb != "get" or name.endswith("s"))


def _named(handler: ast.ExceptHandler) -> bool:
    """Whether it says what it is for, and does not just swallow everything."""
    silent = all(isinstance(one, ast.Pass) for one in handler.body)
    return handler.type is not None and not (isinstance(handler.type, ast.Name) and handler.type.id in _WIDE and silent)
