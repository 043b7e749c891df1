"""Where values come from, without running anything: which names hold something of a cloud's SDK, and which depend on the clock.

Best effort and generous: names are followed by name through the whole script, whatever the scope, until nothing new is found.
The broker judges what is really sent; this exists to tell a writer early.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from nephoscope.models import ScriptEnvironment

MAX_PASSES = 20
CLOCKS = (
    *("time.time", "time.time_ns", "time.monotonic", "time.perf_counter"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("uuid.uuid1", "uuid.uuid4", "random", "secrets", "os.urandom"),
)
CLOCKS_UNLESS_GIVEN = {"time.gmtime": 1, "time.localtime": 1, "time.ctime": 1, "time.strftime": 2}
"""Functions that read the clock when called with fewer arguments than this."""


@dataclass(frozen=True)
class Client:
    """An SDK object that makes calls. ``service``: as far as the script shows it."""

    service: str


@dataclass(frozen=True)
class Operation:
    """A call on a client, as written: ``name`` in the SDK's spelling."""

    service: str
    name: str
    line: int


@dataclass
class Flow:
    """What is known of a script's names."""

    tree: ast.Module
    environment: ScriptEnvironment
    sdk: set[str] = field(default_factory=set)
    """Names that hold an SDK module, or what came out of one and can be asked."""
    clocked: set[str] = field(default_factory=set)
    """Names whose value depends on the clock or on chance."""
    clients: dict[str, Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._modules = dict(_imported(self.tree))
        roots = self.environment.imports
        self.sdk |= {name for name, module in self._modules.items() if any(module == root or module.startswith(f"{root}.") for root in roots)}
        for _ in range(MAX_PASSES):
            before = (len(self.sdk), len(self.clocked), len(self.clients))
            for target, value in self._bindings:
                self._bind(target, value)
            if before == (len(self.sdk), len(self.clocked), len(self.clients)):
                break

    def calls(self) -> Iterator[ast.Call]:
        """Every call made on something of the SDK."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call) and self.of_sdk(node.func))

    def operations(self) -> Iterator[Operation]:
        """Every call on a client that asks a cloud."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and (client := self._client(node.func.value)):
                named = _first_word(node)
                yield Operation(client.service, named if named and not node.keywords else node.func.attr, node.lineno)

    def of_sdk(self, node: ast.expr) -> bool:
        """Whether the expression is something of the SDK that can be asked: a module, client, paginator; not a reply."""
        if isinstance(node, ast.Name):
            return node.id in self.sdk
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Await):
            return self.of_sdk(node.value)
        return isinstance(node, ast.Call) and self.of_sdk(node.func) and self._makes_asker(node)

    def _makes_asker(self, call: ast.Call) -> bool:
        root = _root(call.func)
        last = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        of_module = isinstance(root, ast.Name) and root.id in self._modules
        return of_module or bool(_first_word(call)) or last[:1].isupper() or last.lower().endswith(("client", "resource"))

    def depends_on_clock(self, node: ast.AST) -> bool:
        """Whether clock or chance is anywhere in the expression."""
        return any(self._is_clock(part) for part in ast.walk(node))

    def _is_clock(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in self.clocked:
            return True
        if not isinstance(node, ast.Call):
            return False
        path = self._path(node.func)
        if path in CLOCKS_UNLESS_GIVEN:
            return len(node.args) < CLOCKS_UNLESS_GIVEN[path]
        return any(path == clock or path.startswith(f"{clock}.") for clock in CLOCKS)

    def _path(self, node: ast.expr) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        root = self._modules.get(node.id, node.id) if isinstance(node, ast.Name) else ""
        return ".".join([root, *reversed(parts)])

    def _client(self, node: ast.expr) -> Client | None:
        if isinstance(node, ast.Name):
            return self.clients.get(node.id)
        if not isinstance(node, ast.Call) or not self.of_sdk(node.func):
            return None
        path = self._path(node.func)
        last = path.rpartition(".")[2] if path else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if last.lower().endswith(("client", "resource")):
            return Client(_first_word(node) or path.rpartition(".")[0].rpartition(".")[2])
        return None

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        names = {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
        if isinstance(target, ast.Attribute | ast.Subscript):  # into an object: the object then holds the value
            names = {root.id} if isinstance(root := _root(target), ast.Name) else set()
        if any(self.of_sdk(part) for part in [value, *_elements(value)]):
            self.sdk |= names
        if self.depends_on_clock(value):
            self.clocked |= names - self.sdk
        if client := self._client(value):
            self.clients |= {name: client for name in names if name not in self.clients}

    @cached_property
    def _bindings(self) -> list[tuple[ast.expr, ast.expr]]:
        functions = {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        return [pair for node in ast.walk(self.tree) for pair in _bindings(node, functions)]


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Local name → dotted name of what was imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _bindings(node: ast.AST, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """(target, value) wherever a value gets a name: assignments, loops, ``with``, arguments, returns, and methods that store."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
        yield from ((ast.Name(node.name, ast.Store()), value) for value in returned)
    elif isinstance(node, ast.Call):
        yield from _arguments(node, functions)


def _arguments(call: ast.Call, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]) -> Iterator[tuple[ast.expr, ast.expr]]:
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Name) and (function := functions.get(call.func.id)):
        parameters = [*function.args.posonlyargs, *function.args.args]
        yield from ((ast.Name(p.arg, ast.Store()), value) for p, value in zip(parameters, call.args, strict=False))
        yield from ((ast.Name(keyword.arg, ast.Store()), keyword.value) for keyword in call.keywords if keyword.arg)
    elif isinstance(call.func, ast.Attribute) and isinstance(root := _root(call.func), ast.Name):
        yield from (
            (ast.Name(root.id, ast.Store()), value) for value in values if call.func.attr in ("append", "extend", "update", "add", "setdefault")
        )


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def _elements(node: ast.expr) -> list[ast.expr]:
    """What a literal collection or a choice is made of."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return list(node.elts)
    if isinstance(node, ast.Dict):
        return list(node.values)
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else []


def _first_word(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
