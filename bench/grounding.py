"""Derives every cited value of kept runs again from their ledgers, sharing no code with what wrote them: SQLite, JSON and hashes alone.

    python bench/grounding.py RUNS [RUNS ...]

RUNS: folders that hold runs, such as the one ``bench --keep`` filled. Exits 1 when a value does not come out as the report has it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MISSING = object()


def replies(run: Path) -> dict[str, tuple[Any, str | None]]:
    """Document and error of every answered call, by its id. A blob that is not what its name says is no document."""
    ledger = sqlite3.connect(f"file:{run / 'ledger.db'}?mode=ro", uri=True)
    found: dict[str, tuple[Any, str | None]] = {}
    for call, blob, error in ledger.execute("SELECT call_id, blob, error FROM answers"):
        path = run / "blobs" / blob[:2] / blob
        data = path.read_bytes() if path.is_file() else b""
        found[call] = (json.loads(data) if hashlib.sha256(data).hexdigest() == blob else MISSING, error)
    ledger.close()
    return found


def at(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer."""
    here = document
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return MISSING
    return here


def leaves(document: Any) -> Iterator[str]:
    """Every scalar as text."""
    if isinstance(document, dict):
        for member in document.values():
            yield from leaves(member)
    elif isinstance(document, list):
        for member in document:
            yield from leaves(member)
    elif document is not None:
        yield str(document)


def fault(fact: dict[str, Any], known: dict[str, tuple[Any, str | None]]) -> str:
    """Why a fact does not follow from the replies it names; empty when it does."""
    cited = [known[call] for call in fact["calls"] if call in known]
    if len(cited) != len(fact["calls"]) or not cited:
        return "it names calls that were not answered"
    if any(document is MISSING for document, _ in cited):
        return "a reply it rests on is missing or was changed"
    value, pointer = fact["value"], fact["pointer"]
    document, error = cited[0]
    if fact["grounding"] == "absent":
        name = fact["subject"].rpartition("|")[2]
        listed = any(name in (leaf, leaf.rpartition("/")[2]) for one, _ in cited for leaf in leaves(one))
        gone = error is not None or at(document, pointer) is MISSING or at(document, pointer) is None or not listed
        return "" if gone else "the reply shows what is said to be missing"
    if fact["grounding"] == "exact":
        found = at(document, pointer)
        if found is MISSING:
            return f"nothing stands at {pointer}"
        return "" if value in (found, decoded(found)) or value is True else f"{str(found)[:80]} stands at {pointer}, not {str(value)[:80]}"
    told = " ".join(leaf for one, _ in cited for leaf in leaves(one))
    named = [text for text in leaves(value) if text not in ("True", "False")]
    strange = [part for text in named for part in own_parts(text, fact["subject"]) if part and part not in told]
    return f"{strange[0]} is in none of its replies" if strange else ""


def own_parts(text: str, subject: str) -> list[str]:
    """The last part of an identifier; of a thing in a thing (``holder#name``) without the holder where the fact is about that one."""
    holder, *rest = (part.replace("arn:", "").split(":")[-1].split("/")[-1] for part in text.split("#"))
    return rest if rest and subject.split("#", maxsplit=1)[0].endswith(holder) else [holder, *rest]


def decoded(found: Any) -> Any:
    """What a text holds that is JSON itself."""
    try:
        return json.loads(found) if isinstance(found, str) and found.startswith(("{", "[")) else found
    except ValueError:
        return found


def main(folders: list[str]) -> int:
    """Count, tell what fails."""
    runs = sorted(path.parent for folder in folders for path in Path(folder).rglob("report.json"))
    facts = wrong = 0
    for run in runs:
        report = json.loads((run / "report.json").read_text(encoding="utf-8"))
        known, by_id = replies(run), {fact["id"]: fact for fact in report["facts"]}
        for fact in report["facts"]:
            facts += 1
            why = fault(fact, known)
            wrong += bool(why)
            if why:
                sys.stdout.write(f"{run.name} {fact['subject']}#{fact['attribute']}: {why}\n")
        for cause in report["root_causes"]:
            unknown = [one for one in cause["evidence"] if one not in by_id]
            wrong += len(unknown)
            if unknown or not cause["evidence"]:
                sys.stdout.write(f"{run.name} {cause['id']}: cites {unknown or 'nothing'}\n")
    sys.stdout.write(f"{facts} facts of {len(runs)} runs, {wrong} not borne out\n")
    return 1 if wrong or not runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
