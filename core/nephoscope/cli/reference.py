"""``docs/reference/cli.md``, made from the commands themselves: ``python -m nephoscope.cli.reference > docs/reference/cli.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from nephoscope.cli.main import app

_HEAD: Final = """# Command line

Made from the commands by `python -m nephoscope.cli.reference`; a test keeps it true.

Results go to standard output; the live view, questions, notes and errors go to standard error. With `--json` standard output
carries one document and nothing else. Every option that is a setting can also stand in a settings file or a `NEPHOSCOPE_*`
variable: `nephoscope settings` shows what is in force and where it came from.

Packs add options of their own, such as a profile or a role; `nephoscope plugins` lists them. They are given like any other
option of `investigate`; for `exec` they go last, before `--`.

## Exit codes

| code | meaning |
|---|---|
| 0 | a verdict: confirmed, likely, or no fault found |
| 1 | inconclusive, or the budget ended first; `verify`: a cause still holds; `prompts lint`: a fault; `bench --fail-under`, `compare --fail-if` |
| 1 | of `inspect`: with `--fail-on`, something so serious was found; without it an inspection ends with 0 |
| 2 | usage, settings, a folder that cannot be written, no isolation |
| 3 | no, expired or refused credentials; the endpoint is unreachable or not a cloud |
| 4 | a fault of ours |
| 5 | waiting for an answer that nobody gives |
| 130 | interrupted; resumable |

`exec` ends with the command's own status, 125 when the boundary refused to run it.

## Documents

| command | schema |
|---|---|
| `investigate`, `demo`, `resume`, `runs show` | `nephoscope.report/1` ([JSON Schema](report.schema.json)) |
| any, when there is no run to report | `nephoscope.error/1`: `{"error": {"message", "hint", "exit_code"}}` |
| `runs list` | `nephoscope.runs/1` |
| `runs stats` | `nephoscope.statistics/1` |
| `inspect`, `inspect --list` | `nephoscope.inspection/1`, `nephoscope.controls/1` |
| `demo --list` | `nephoscope.scenarios/1` |
| `compare` | `nephoscope.comparison/1` ([fields](comparisons.md)) |
| `why` | `nephoscope.explanation/1` |
| `verify` | `nephoscope.verification/1` |
| `prompts list`, `show`, `render`, `lint` | `nephoscope.prompts/1`, `nephoscope.prompt/1`, `nephoscope.messages/1`, `nephoscope.lint/1` |
| `models`, `models explain` | `nephoscope.models/1`, `nephoscope.fit/1` |
| `doctor`, `plugins`, `settings` | `nephoscope.doctor/1`, `nephoscope.plugins/1`, `nephoscope.settings/1` |

## Surroundings

`NO_COLOR`, `CI`, `TERM=dumb` and an error stream that is no terminal get one plain line per step, as with `--plain`.
`NEPHOSCOPE_DEBUG=1` shows where an unexpected error came from. Ctrl-C once finishes the step and keeps everything, twice ends now.
"""


def markdown() -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n{section}" for section in _sections(typer.main.get_command(app), "nephoscope"))


def _sections(command: Any, name: str) -> Iterator[str]:
    for each in getattr(command, "commands", {}).values():
        title = f"{name} {each.name}"
        if not hasattr(each, "commands") or each.params:
            yield _section(each, title)
        yield from _sections(each, title)


def _section(command: Any, title: str) -> str:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join([title, *(["[OPTIONS]"] if options else []), *(str(argument.metavar) for argument in arguments)])
    rows = [f"| `{_usage(parameter)}` | {parameter.help or ''} |" for parameter in [*arguments, *options]]
    table = "\n".join(["| | |", "|---|---|", *rows]) + "\n" if rows else ""
    return f"## {title}\n\n{command.help.strip()}\n\n```\n{usage}\n```\n\n{table}"


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    value = str(parameter.metavar or parameter.name.upper()).replace("|", r"\|")
    return names if parameter.is_flag else f"{names} {value}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
