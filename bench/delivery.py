"""Event-delivery faults nobody wrote a scenario for: healthy accounts, spoilt in one place at a time, told in changing words.

    python bench/delivery.py [--only TEXT] [--show wrong,quiet,crashed] [--words N]

Unlike ``bench/mutation.py`` every change here says what it breaks, so no oracle is needed. ``explained``: one of the causes the change stands for and
nothing else. ``extra``: that, and another one. ``inconclusive``: honest. ``quiet``: "no fault found" over a fault. ``wrong``: another cause, or any
cause over a change that does no harm.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from collections import Counter, defaultdict
from pathlib import Path

from botocore.exceptions import ClientError, ParamValidationError
from moto import mock_aws

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "providers" / "aws" / "analyzers")]

import harness  # noqa: E402
from delivery_accounts import ACCOUNTS, Change, Example, World  # noqa: E402
from mutation import InProcess, _estate  # noqa: E402

from nephoscope.engine.verdict import diagnose  # noqa: E402
from nephoscope.models import Diagnosis  # noqa: E402
from nephoscope_aws.analyzers.event_delivery import EventDelivery  # noqa: E402

ANALYZERS = [EventDelivery()]
STAND_IN = harness.IDENTITY.model_copy(update={"emulated": True})


def trial(example: Example, change: Change, text: str) -> tuple[str, str]:
    """Build, spoil, ask, judge: the column and what was told."""
    with mock_aws():
        account = InProcess("", estate=_estate(), identity=STAND_IN)
        world = World(account.client, harness.REGION)
        try:
            example.build(world)
            change.apply(world)
        except (ClientError, ParamValidationError, KeyError) as error:
            return "refused", repr(error)[:160]
        try:
            view, found = account.investigate(ANALYZERS, account.understand(text))
            diagnosis = diagnose(view, found, lambda mended: list(ANALYZERS[0].analyze(mended)))
        except Exception as error:
            return "crashed", repr(error)[:400]
    return judged(diagnosis, change.causes), told(view, found, diagnosis)


def told(view: object, found: list, diagnosis: Diagnosis) -> str:
    """Causes, and what was not seen."""
    lines = [f"{diagnosis.verdict}"] + [f"{one.cause} {one.subject.label}: {one.note}" for one in diagnosis.causes]
    lines += [
        f"({one.cause} {one.subject.label} {one.holds} needs {[need.key for need in one.needs]} {one.note})"
        for one in found
        if one.holds == "unknown"
    ][:6]
    lines += [f"({one.cause} {one.subject.label} NOT SEEN {one.note})" for one in found if one.role == "observation" and one.holds == "no"][:4]
    entities = [(one.text, [ref.label for ref in one.matches]) for one in view.problem.entities]
    return "\n      ".join([*lines, f"[{view.problem.symptom} {view.problem.symptoms[:2]} {entities}]"])


def judged(diagnosis: Diagnosis, expected: tuple[str, ...]) -> str:
    """Which column a verdict belongs to."""
    causes = [one.cause for one in diagnosis.causes]
    if diagnosis.verdict == "inconclusive":
        return "inconclusive"
    if diagnosis.verdict == "no_fault_found":
        return "quiet" if expected else "explained"
    known = [one for one in causes if any(fnmatch.fnmatch(one, pattern) for pattern in expected)]
    return "wrong" if not known else "extra" if len(known) < len(causes) else "explained"


def main() -> None:
    """Run, then print a line per account and the sums."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="")
    options.add_argument("--show", default="wrong,quiet,crashed,extra")
    options.add_argument("--words", type=int, default=1, help="how many wordings of each account are tried on each change")
    given = options.parse_args()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    count = 0
    for example in ACCOUNTS:
        for change in example.changes:
            if given.only not in f"{example.name}/{change.name}":
                continue
            fitting = [text for text in example.texts if change.about in text]
            for _ in range(min(given.words, len(fitting))):
                text = fitting[count % len(fitting)]
                count += 1
                kind, why = trial(example, change, text)
                row = "healthy" if not change.causes else "faulty"
                table[example.name][kind] += 1
                table[f"~ {row}"][kind] += 1
                if kind in given.show.split(","):
                    sys.stdout.write(f"{kind:12} {example.name}/{change.name} | {text}\n      {why}\n")
                    sys.stdout.flush()
    for name, row in sorted(table.items()):
        sys.stdout.write(f"{name:40} {dict(row)}\n")


if __name__ == "__main__":
    main()
