"""Whether an object keeps an interface. ``isinstance`` on a Protocol looks at names only, so signatures are compared too."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

_Kind = inspect._ParameterKind
_NAMED = (_Kind.POSITIONAL_ONLY, _Kind.POSITIONAL_OR_KEYWORD, _Kind.KEYWORD_ONLY)


def breaches(thing: object, interface: type) -> list[str]:
    """Where the object departs from the interface, each as ``member: expected …, got …``; empty when it keeps it."""
    if isinstance(thing, type):
        return [f"expected an object, got the class {thing.__name__}: register {thing.__name__}(...)"]
    return [breach for name in members(interface) for breach in _member(thing, interface, name)]


def members(interface: type) -> list[str]:
    """Public names an interface asks for, its parents' included."""
    names: dict[str, None] = {}
    for base in reversed(interface.__mro__):
        if getattr(base, "_is_protocol", False):
            names |= dict.fromkeys(name for name in [*base.__dict__, *inspect.get_annotations(base)] if not name.startswith("_"))
    return list(names)


def _member(thing: object, interface: type, name: str) -> Iterator[str]:
    asked = inspect.getattr_static(interface, name, None)
    try:
        got = getattr(thing, name)
    except AttributeError:
        yield f"{name}: expected {_shown(asked)}, got nothing of that name"
        return
    except Exception as error:
        yield f"{name}: expected {_shown(asked)}, got {type(error).__name__}: {error}"
        return
    if inspect.isfunction(asked):
        yield from _method(name, asked, got)
    elif _returns_text(asked) and not (isinstance(got, str) and got):
        yield f"{name}: expected a non-empty string, got {got!r}"


def _method(name: str, asked: object, got: object) -> Iterator[str]:
    if not callable(got):
        yield f"{name}: expected a method, got {type(got).__name__}"
        return
    if inspect.iscoroutinefunction(asked) != inspect.iscoroutinefunction(got):
        yield f"{name}: expected {'async def' if inspect.iscoroutinefunction(asked) else 'a plain def'}, got the other"
    want = _without_self(inspect.signature(asked))  # type: ignore[arg-type]
    try:
        have = inspect.signature(got)
    except (TypeError, ValueError):
        return  # built in C: nothing to compare
    if not _accepts(have, want):
        yield f"{name}: expected {_bare(want)}, got {_bare(have)}"


def _accepts(have: inspect.Signature, want: inspect.Signature) -> bool:
    """Every call the interface allows must bind: by position and by keyword, and nothing else may be required."""
    required = [p for p in want.parameters.values() if p.default is p.empty and p.kind in _NAMED]
    every = [p for p in want.parameters.values() if p.kind in _NAMED]
    return all(_binds(have, chosen, by_name) for chosen in (required, every) for by_name in (False, True))


def _binds(have: inspect.Signature, parameters: list[inspect.Parameter], by_name: bool) -> bool:
    positional = [p for p in parameters if p.kind is _Kind.POSITIONAL_ONLY or (p.kind is _Kind.POSITIONAL_OR_KEYWORD and not by_name)]
    keywords = {p.name: None for p in parameters if p not in positional}
    try:
        have.bind(*[None] * len(positional), **keywords)
    except TypeError:
        return False
    return True


def _without_self(signature: inspect.Signature) -> inspect.Signature:
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _bare(signature: inspect.Signature) -> str:
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


def _shown(asked: object) -> str:
    return f"a method {_bare(_without_self(inspect.signature(asked)))}" if inspect.isfunction(asked) else "an attribute"


def _returns_text(asked: object) -> bool:
    getter = asked.fget if isinstance(asked, property) else None
    return getter is not None and getter.__annotations__.get("return") in ("str", str)
