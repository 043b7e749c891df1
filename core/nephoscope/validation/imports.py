"""Imports: unused ones go, well-known missing ones come, and only what the environment offers is allowed."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.validation.syntax import tree_of

HELPER = "nephoscope_script"
"""The one module of ours that a script may use."""

STANDARD = frozenset(
    """
    __future__ abc base64 binascii bisect calendar collections collections.abc concurrent.futures contextlib copy csv dataclasses datetime
    decimal difflib email.utils enum fnmatch fractions functools gzip hashlib heapq html io ipaddress itertools json logging math numbers
    operator pprint random re statistics string struct sys textwrap time traceback types typing unicodedata urllib.parse uuid warnings zlib
    zoneinfo
    """.split()
)
"""What of the standard library a read-only script needs. No files, processes, sockets, or code made at run time."""

PERSONAL = frozenset("argparse asyncio getopt glob locale logging.handlers os os.path pathlib platform queue signal tempfile threading".split())
"""What people's own scripts use out of habit. It is harmless there: the sandbox holds nothing of theirs, and the walls are not made of this list."""

MISSING_NAMES = {
    **dict.fromkeys(["timedelta", "timezone", "date"], "datetime"),
    **dict.fromkeys(["defaultdict", "Counter", "OrderedDict", "deque", "namedtuple"], "collections"),
    **dict.fromkeys(["partial", "reduce", "lru_cache"], "functools"),
    **dict.fromkeys(["urlparse", "quote", "unquote", "parse_qs"], "urllib.parse"),
    **dict.fromkeys(["ip_address", "ip_network"], "ipaddress"),
    **dict.fromkeys(["Any", "Iterable", "Iterator", "Mapping", "Sequence", "Optional"], "typing"),
    **dict.fromkeys(["dataclass", "field"], "dataclasses"),
    **dict.fromkeys(["state", "params", "now"], HELPER),
    "Decimal": "decimal",
    "ThreadPoolExecutor": "concurrent.futures",
    "ZoneInfo": "zoneinfo",
}
FORBIDDEN = {
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "compile": "write the code itself",
    "__import__": "use an import statement",
    "open": "there is nothing to read or keep: parameters come from nephoscope_script.params(), results go out by nephoscope_script.state()",
    "input": "nobody is there to answer: use nephoscope_script.params()",
    "breakpoint": "take it out",
    "globals": "use a dictionary of your own",
}


class Imports:
    """Rewriter: removes unused imports and adds missing ones, as far as there is only one thing they can mean."""

    name = "imports"

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script:
        """The same script with the imports it uses."""
        import autoflake

        source = autoflake.fix_code(script.source, remove_all_unused_imports=True)
        lines = sorted({line for name in undefined(source) if (line := _import_for(name, source, environment))})
        return script.model_copy(update={"source": _inserted(source, lines) if lines else source})


class ImportAllowList:
    """Judge: everything imported is in the standard-library subset or offered by the environment."""

    name = "import-allow-list"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        """One error for each import that is not allowed, and for each way around imports."""
        tree = tree_of(script.source)
        personal = script.author == "person"
        return [*_forbidden_imports(tree, environment, STANDARD | PERSONAL if personal else STANDARD), *_detours(tree, personal=personal)]


def undefined(source: str) -> list[str]:
    """Names that the script uses and nobody defines."""
    from pyflakes import checker, messages

    found = checker.Checker(ast.parse(source)).messages
    return [str(message.message_args[0]) for message in found if isinstance(message, messages.UndefinedName)]


def _import_for(name: str, source: str, environment: ScriptEnvironment) -> str:
    if name == "datetime":
        return (
            "import datetime"
            if _used_as_module(source, "datetime", {"datetime", "timedelta", "timezone", "date", "UTC"})
            else _from("datetime", name)
        )
    if name in environment.imports or (name in STANDARD and name not in ("sys", "types")):
        return f"import {name}"
    return _from(MISSING_NAMES[name], name) if name in MISSING_NAMES else ""


def _from(module: str, name: str) -> str:
    return f"from {module} import {name}"


def _used_as_module(source: str, name: str, members: set[str]) -> bool:
    nodes = ast.walk(ast.parse(source))
    return any(isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == name and n.attr in members for n in nodes)


def _inserted(source: str, lines: list[str]) -> str:
    """The import lines after docstring and future imports."""
    after = 0
    for number, node in enumerate(ast.parse(source).body):
        docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        after = node.end_lineno or 0
    existing = source.splitlines()
    return "\n".join([*existing[:after], *lines, *existing[after:]]) + "\n"


def _forbidden_imports(tree: ast.Module, environment: ScriptEnvironment, standard: frozenset[str]) -> Iterator[Violation]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield _error("import-relative", node, "a relative import has nothing to be relative to", "import by full name")
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if any(alias.name == "*" for alias in node.names):
                yield _error("import-star", node, f"'from {module} import *' hides what is used", "import the names you use")
            for alias in node.names:
                if not any(_allowed(name, environment, standard) for name in (module, f"{module}.{alias.name}")):
                    yield _not_offered(node, module, environment)
        elif isinstance(node, ast.Import):
            yield from (_not_offered(node, alias.name, environment) for alias in node.names if not _allowed(alias.name, environment, standard))


def _allowed(module: str, environment: ScriptEnvironment, standard: frozenset[str] = STANDARD) -> bool:
    offered = (*environment.imports, HELPER)
    return module in standard or any(module == root or module.startswith(f"{root}.") for root in offered)


def _not_offered(node: ast.stmt, module: str, environment: ScriptEnvironment) -> Violation:
    offered = sorted({*environment.imports, HELPER, *STANDARD})
    near = difflib.get_close_matches(module, offered, n=2)
    hint = (
        f"use {' or '.join(near)}" if near else f"use {', '.join([*environment.imports, HELPER])} and the data-handling part of the standard library"
    )
    return _error("import-not-allowed", node, f"the import of {module} is not allowed in a script", hint)


def _detours(tree: ast.Module, *, personal: bool) -> Iterator[Violation]:
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ("__name__", "__qualname__")}
    for node in ast.walk(tree):
        if id(node) in told and isinstance(node, ast.Attribute) and node.attr == "__class__":
            continue  # the name of a class is only told
        if isinstance(node, ast.Name) and node.id in FORBIDDEN and isinstance(node.ctx, ast.Load) and not (personal and node.id == "open"):
            yield _error("builtin-not-allowed", node, f"{node.id} is not allowed in a script", FORBIDDEN[node.id])
        elif isinstance(node, ast.Attribute) and node.attr.startswith("__") and node.attr not in ("__name__", "__qualname__", "__doc__"):
            yield _error("internals", node, f"reaching into {node.attr} is not allowed in a script", "use the public interface of the object")
        elif isinstance(node, ast.Name) and node.id in ("__builtins__", "__loader__", "__spec__"):
            yield _error("internals", node, f"{node.id} is not allowed in a script", "use import statements")


def _error(rule: str, node: ast.stmt | ast.expr, message: str, hint: str) -> Violation:
    return Violation(rule=rule, severity="error", line=node.lineno, message=message, hint=hint)
