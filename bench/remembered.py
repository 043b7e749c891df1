"""How many calls a second investigation of the same account needs, with what the first one left in memory; and whether it says the same.

    python bench/remembered.py [--scenarios TEXT] [--every N]

Each fault is seeded once and investigated twice in this process, over a memory of its own. Exits 1 when any second verdict differs from the first.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from inprocess import Accounts, accounts

from nephoscope.comparison.scenario import Scenario
from nephoscope.models.report import Report


def told(report: Report) -> tuple[object, ...]:
    """What a reader would call the same answer."""
    causes = sorted((one.id, tuple(sorted(one.resources))) for one in report.root_causes)
    return report.verdict, causes, sorted(one.id for one in report.ruled_out), sorted(one.operation for one in report.gaps)


def twice(made: Accounts, scenario: Scenario) -> tuple[Report, Report]:
    """The same words, the same account, one memory."""
    with tempfile.TemporaryDirectory(prefix="nephoscope-memory-") as home:
        made.seed(scenario, "fault")
        words = scenario.words("fault")
        return made.investigate(words, home=Path(home)), made.investigate(words, home=Path(home))


def main() -> int:
    """A line per scenario, then the median and the total."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", default="", help="only scenarios whose id or family contains this")
    parser.add_argument("--every", type=int, default=1, help="each n-th of them")
    options = parser.parse_args()
    saved, first, second, other = list[float](), 0, 0, 0
    with accounts() as made:
        chosen = [one for one in made.scenarios.values() if options.scenarios in one.id or options.scenarios in one.family]
        for scenario in [one for one in chosen if "fault" in one.variants][:: options.every]:
            before, after = twice(made, scenario)
            calls = before.ledger.upstream, after.ledger.upstream
            saved.append(1 - calls[1] / max(1, calls[0]))
            first, second = first + calls[0], second + calls[1]
            same = told(before) == told(after)
            other += not same
            sys.stdout.write(f"{scenario.family:15} {scenario.id:45} {calls[0]:>4} {calls[1]:>4} {saved[-1]:>5.0%}  {'same' if same else 'OTHER'}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(saved)} scenarios: {first} calls, then {second} ({1 - second / max(1, first):.0%} fewer); ")
    sys.stdout.write(f"median {statistics.median(saved):.0%} fewer; {other} said something else\n")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
