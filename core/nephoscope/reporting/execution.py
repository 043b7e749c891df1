"""One run behind the boundary, as a terminal, a web page and a language model may be shown it.

Everything a script printed or stated, and every name it used, may be hostile. It is neutralised once, for the medium at hand.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable

from nephoscope.models.execution import Execution
from nephoscope.prompting.data import RULE, block
from nephoscope.prompting.template import Variable
from nephoscope.reporting.text import clean, clean_block, clip

MOST_ROWS = 200
PROMPT_OUTPUT = 12_000
PROMPT_RESULT = 12_000
_LONGEST = 400
_ENDING = ("status", "exit_code", "limit_hit", "failure", "statements", "truncated", "seconds")
_CALL = ("operation", "region", "status", "error")
_REFUSAL = ("operation", "what", "code", "reason", "needs")
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color-scheme: light dark }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8886; border-radius: 4px; padding: .8rem }}
bdi {{ unicode-bidi: isolate }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def render_text(execution: Execution) -> str:
    """For a terminal: visible characters only, everything of the script's behind a bar at the left."""
    parts = [f"{title}\n" + "\n".join(f"  {line}" for line in lines) for title, lines in _sections(execution) if lines]
    output = [f"  │ {line}" for line in clean_block(execution.output).rstrip("\n").split("\n")] if execution.output else []
    shown = ["output" + (" (cut)" if execution.truncated else "") + "\n" + "\n".join(output)] if output else []
    return "\n".join([headline(execution), *parts, *shown]) + "\n"


def render_html(execution: Execution) -> str:
    """A page of its own that loads and runs nothing."""
    body = [
        f"<h2>{html.escape(title)}</h2>\n<ul>\n" + "\n".join(f"<li><bdi>{html.escape(line)}</bdi></li>" for line in lines) + "\n</ul>"
        for title, lines in _sections(execution)
        if lines
    ]
    if execution.output:
        cut = " (cut)" if execution.truncated else ""
        body.append(f"<h2>output{cut}</h2>\n<pre><bdi>{html.escape(clean_block(execution.output))}</bdi></pre>")
    return _PAGE.format(title=html.escape(headline(execution)), body="\n".join(body))


def render_prompt(execution: Execution) -> str:
    """For a language model: what trusted code saw, then the script's own words, each as data with an end that the words cannot reach."""
    seen = {
        **execution.model_dump(mode="json", include=set(_ENDING)),
        "violations": [one.model_dump(mode="json") for one in execution.violations if one.severity != "info"],
        "calls": [one.model_dump(mode="json", include=set(_CALL)) for one in execution.calls[:MOST_ROWS]],
        "refusals": [one.model_dump(mode="json", include=set(_REFUSAL)) for one in execution.refusals[:MOST_ROWS]],
    }
    result = Variable(name="result", type="object", max_length=PROMPT_RESULT)
    output = Variable(name="output", type="text", max_length=PROMPT_OUTPUT)
    return "\n\n".join([RULE, block(result, seen), block(output, _middle_cut(clean_block(execution.output), PROMPT_OUTPUT))]) + "\n"


def shown_output(execution: Execution) -> str:
    """What a script printed, without what steers a terminal; lines and tabs stay."""
    return "\t".join(clean_block(part) for part in execution.output.split("\t"))


def headline(execution: Execution) -> str:
    """One line: how it ended."""
    how = {"ok": "ended well", "failed": f"failed with status {execution.exit_code}", "refused": "was not let run", "error": "could not be run"}
    ended = how.get(execution.status) or f"was ended{f' by the limit on {execution.limit_hit}' if execution.limit_hit else ''}"
    calls = f"{len(execution.calls)} calls, {len(execution.refusals)} refused"
    return clean(f"{clip(clean(execution.name) or 'the command', 120)} {ended}: {calls}, {execution.seconds:.1f} s, isolation {execution.isolation}")


def _sections(execution: Execution) -> Iterable[tuple[str, list[str]]]:
    trouble, failure = execution.trouble, execution.failure
    yield "could not be run", _lines([f"{trouble.message}; {trouble.hint}" if trouble.hint else trouble.message] if trouble else [])
    judged = [one for one in execution.violations if one.severity != "info"]
    yield "violations", _lines(f"line {one.line}: {one.severity}: {one.message} ({one.rule})" for one in judged)
    yield "failure", _lines([f"{failure.kind}: {failure.message}"] if failure else [])
    yield "calls", _lines(f"{one.id} {one.operation} {one.region} {one.tier} {one.status} {one.error or ''}" for one in execution.calls)
    yield "refused", _lines(f"{one.id} {one.operation or one.what}: {one.code}: {one.reason}" for one in execution.refusals)
    yield "stated", _lines(json.dumps(one, ensure_ascii=False) for one in execution.statements)


def _lines(rows: Iterable[str]) -> list[str]:
    lines = [clip(clean(row), _LONGEST) for row in rows]
    return lines if len(lines) <= MOST_ROWS else [*lines[:MOST_ROWS], f"… and {len(lines) - MOST_ROWS} more"]


def _middle_cut(text: str, room: int) -> str:
    """Head and tail: where a script failed stands at its end."""
    half = room // 2 - 10
    return text if len(text) <= room - 20 else f"{text[:half]}\n… cut …\n{text[-half:]}"
