"""What lines that a program left in its log say about it, as far as a runtime or an SDK wrote them. Pure: text in, facts out, nothing obeyed.

Only what a runtime itself puts at the head of a line counts: what a program quotes of others' words stands behind it, and proves nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_STAMP = r"\d{4}-\d{2}-\d{2}T[\d:.]+Z"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ERROR = re.compile(
    rf"""(?: \[ERROR\] (?:\s+{_STAMP}\s+{_UUID})? \s+          # Python: unhandled, or logged
       | {_STAMP} \s+ (?:{_UUID}|undefined) \s+ ERROR \s+      # Node.js
       | {_STAMP} \s+ \[?ERROR\]? \s+
       | ERROR [:\s]+
       | Traceback\ \(most\ recent\ call\ last\):
       | [\w.]*(?:Exception|Error): \s )""",
    re.VERBOSE,
)
"""How a line begins that reports an error, by the runtimes of functions and the loggers of their languages."""
_DENIED = re.compile(
    r"User: (?P<who>arn:[\w-]+:(?:sts|iam)::\d{12}:[\w+=,.@/-]+) is not authorized to perform: (?P<action>[a-z0-9-]+:\w+)"
    r"(?:.{0,20}? on resource: \"?(?P<resource>arn:[^\s\"',]+))?"
)
_TIMED_OUT = re.compile(rf"{_STAMP} {_UUID} Task timed out after (?P<seconds>\d+(?:\.\d+)?) seconds")
_KILLED = re.compile(
    rf"RequestId: (?P<run>{_UUID}) Error: Runtime exited with error: signal: killed"
    rf"|REPORT RequestId: (?P<reported>{_UUID})\t(?:.*\tMemory Size: (?P<memory>\d+) MB\b)?.*Error Type: Runtime\.OutOfMemory"
)
_IMPORT = re.compile(r"\[ERROR\] Runtime\.ImportModuleError: Unable to import module '(?P<module>[\w./-]+)': (?P<why>.{1,200})")
_HANDLER = re.compile(r"\[ERROR\] Runtime\.HandlerNotFound: Handler '(?P<handler>\w+)' missing on module '(?P<module>[\w./-]+)'")
_ERRORS = ("ERROR", "FATAL", "CRITICAL")
_SESSION = re.compile(r"arn:[\w-]+:sts::(?P<account>\d{12}):assumed-role/(?P<role>[\w+=,.@-]+)/(?P<session>[\w+=,.@-]+)")


def complaints(lines: Iterable[str]) -> list[str]:
    """Lines by which a runtime or a logger reports an error, as they would be written in text; the first line of each."""
    heads = (_ERROR, _TIMED_OUT, _KILLED)
    return [spoken.split("\n")[0] for spoken in map(_spoken, lines) if any(head.match(spoken) for head in heads)]


@dataclass(frozen=True)
class Refusal:
    """A request that was denied: the role that asked, under which session, and for what. ``resource``: empty where the line does not tell."""

    account: str
    role: str
    session: str
    action: str
    resource: str


def refusals(lines: Iterable[str]) -> list[Refusal]:
    """Requests of roles that lines report as denied, each once."""
    return list(dict.fromkeys(_refusals(lines)))


def _refusals(lines: Iterable[str]) -> Iterator[Refusal]:
    for line in map(_spoken, lines):
        head = _ERROR.match(line)
        denied = _DENIED.search(line, head.end() - 1) if head else None
        session = _SESSION.fullmatch(denied["who"]) if denied else None
        if denied and session:
            yield Refusal(session["account"], session["role"], session["session"], denied["action"], denied["resource"] or "")


@dataclass(frozen=True)
class Rejection:
    """A request that a service would not carry out: the operation and the code of the answer, as the SDK wrote them."""

    operation: str
    code: str


_REJECTED = re.compile(r"An error occurred \((?P<code>[\w.]+)\) when calling the (?P<operation>\w+) operation")


def rejections(lines: Iterable[str]) -> list[Rejection]:
    """Requests that lines report as answered with an error, each once, the newest last."""
    found: dict[Rejection, None] = {}
    for line in map(_spoken, lines):
        head = _ERROR.match(line)
        match = _REJECTED.search(line, head.end() - 1, head.end() + 200) if head else None
        if match:
            found[Rejection(match["operation"], match["code"])] = None
    return list(found)


def timeouts(lines: Iterable[str]) -> list[float]:
    """After how many seconds runs were ended."""
    return [float(match["seconds"]) for line in map(_spoken, lines) if (match := _TIMED_OUT.match(line))]


def killed(lines: Iterable[str], memory: int | None = None) -> int:
    """How many runs the system ended, which it does when their memory is used up. ``memory``: less those that had another size."""
    had: dict[str, str | None] = {}
    for match in filter(None, map(_KILLED.match, map(_spoken, lines))):
        run = match["run"] or match["reported"]
        had[run] = match["memory"] or had.get(run)
    return sum(size is None or memory is None or int(size) == memory for size in had.values())


@dataclass(frozen=True)
class Unloadable:
    """Why a function's code could not be loaded. ``handler``: empty where its module could not be."""

    module: str
    handler: str
    why: str


def unloadable(lines: Iterable[str]) -> list[Unloadable]:
    """What could not be loaded, each once."""
    found = []
    for line in map(_spoken, lines):
        module, handler = _IMPORT.match(line), _HANDLER.match(line)
        if module:
            found.append(Unloadable(module["module"], "", module["why"].split("\n")[0].strip()))
        if handler:
            found.append(Unloadable(handler["module"], handler["handler"], f"it has no {handler['handler']}"))
    return list(dict.fromkeys(found))


def _spoken(line: str) -> str:
    """A line that is a document, as the same would be written in text; other lines as they are."""
    if not line.startswith("{"):
        return line
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return line
    level, kind = str(told.get("level", "")).upper(), told.get("errorType", "")
    said = str(told.get("errorMessage") or told.get("message") or told.get("msg") or "")
    if level not in ("", *_ERRORS):
        return line  # a program's own words, whatever it quotes
    if _TIMED_OUT.match(said) or _KILLED.match(said):
        return said
    return f"[ERROR] {kind}: {said}" if kind else f"[ERROR] {said}" if level else line
