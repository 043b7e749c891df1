"""Tries the fixes of kept runs once more, over their recorded replies: how many are proven, and why the others are not.

    nephoscope bench --variant fault --keep FOLDER        or, in a fifth of the time and with nothing of safety in it:
    python bench/proofs.py FOLDER --investigate [--scenarios TEXT]
    python bench/proofs.py FOLDER [--only TEXT]

Without ``--investigate`` nothing is asked again: what was recorded is read, diagnosed by the rules of today, and each fix is tried on an emulator.
Takes a second or two a fix, so that a seeder can be written beside it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parent))

from inprocess import accounts

from nephoscope.engine.advice import advise
from nephoscope.engine.analysis import Analysis
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier
from nephoscope.engine.proving import prove
from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.playbooks import PlaybookAnalyzer, load_playbooks
from nephoscope.models import Budget, Identity
from nephoscope.plugin.manager import Plugins, load_plugins
from nephoscope.store import Spent
from nephoscope.store.run import RunStore


class Nowhere:
    """Stands where a boundary would: nothing more is asked."""

    def spent(self) -> Spent:
        return Spent()


@dataclass(frozen=True)
class Tried:
    """One fix. ``proof`` as the report would have it."""

    run: str
    words: str
    cause: str
    proof: str
    note: str


def context(store: RunStore, plugins: Plugins) -> Context:
    """A finished run as the engine sees it."""
    raw: Any = store.get("opened")
    playbooks = load_playbooks(plugins.playbooks)
    return Context(
        store=store,
        boundary=cast("Any", Nowhere()),
        identities=[Identity.model_validate(one) for one in raw],
        isolation="none",
        estates=plugins.estates,
        policies=plugins.policies,
        planner=next(iter(plugins.planners.values())),
        generators=(),
        rewriters=(),
        judges=(),
        analysis=Analysis([*plugins.analyzers, PlaybookAnalyzer(playbooks)]),
        playbooks=playbooks,
        budget=Budget(),
        granted=frozenset(),
        ask_policy="never",
        ask=lambda _: None,
        approve=lambda _, __: None,
        tell=lambda _: None,
        provers=plugins.provers,
    )


def tried(run: Path, plugins: Plugins) -> list[Tried]:
    """Every fix of one run, tried again."""
    store = RunStore(run, readonly=True)
    made = context(store, plugins)
    try:
        view = dossier(made)
        causes = diagnose(view, view.findings, made.analysis).causes
        advice = [(one, prove(one, fix, view, made)) for one in causes if (fix := advise(one, made))]
        return [Tried(run.name, str(store.get("words")), cause.cause, one.proof, one.proof_note) for cause, one in advice]
    finally:
        store.close()


def reasons(rows: list[Tried]) -> Mapping[str, int]:
    """Why fixes are not proven, without the names in it."""
    return Counter(re.sub(r": .*", "", one.note) for one in rows if one.proof != "proven_on_emulator")


def investigate(folder: Path, only: str) -> None:
    """Every fault of the suite, investigated in this process; the runs stay in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with accounts() as made:
        for scenario in made.scenarios.values():
            for variant, one in scenario.variants.items():
                if one.truth.causes and (only in scenario.id or only in scenario.family):
                    trial, _ = made.trial(scenario, variant, keep=folder)
                    sys.stdout.write(
                        f"{'ok ' if trial.right else 'BAD'} {trial.run} {scenario.id}/{variant} {', '.join(trial.causes)} {trial.error}\n"
                    )
                    sys.stdout.flush()


def main() -> int:
    """Try, then print what is not proven and the share that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only runs whose words or causes contain this")
    parser.add_argument("--investigate", action="store_true")
    parser.add_argument("--scenarios", default="", help="only scenarios whose id or family contains this")
    options = parser.parse_args()
    if options.investigate:
        investigate(options.folder, options.scenarios)
    runs = sorted(path.parent for path in options.folder.rglob("report.json") if options.only in path.read_text("utf-8"))
    rows: list[Tried] = []
    plugins = load_plugins()
    try:
        for run in runs:
            for one in tried(run, plugins):
                rows.append(one)
                mark = "proven" if one.proof == "proven_on_emulator" else "-     "
                sys.stdout.write(f"{mark} {one.run} {one.cause}: {one.note}\n")
                sys.stdout.flush()
    finally:
        for prover in plugins.provers.values():
            prover.close()
    for why, count in sorted(reasons(rows).items(), key=lambda pair: -pair[1]):
        sys.stdout.write(f"{count:4} {why}\n")
    proven = sum(one.proof == "proven_on_emulator" for one in rows)
    typed = sum("in words only" not in one.note for one in rows)
    sys.stdout.write(f"{proven} of {len(rows)} causes with a proven fix ({proven / max(1, len(rows)):.1%}); ")
    sys.stdout.write(f"{typed} have commands: {proven / max(1, typed):.1%} of these\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
