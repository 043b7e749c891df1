"""The facts behind a root cause: `nephoscope demo --json > report.json`, then `python 03_reading_a_report.py report.json`."""

import sys
from pathlib import Path

from nephoscope.models.report import Report


def main(path: str) -> None:
    report = Report.model_validate_json(Path(path).read_text(encoding="utf-8"))
    facts = {fact.id: fact for fact in report.facts}
    print(f"{report.verdict}: {report.problem}")
    for cause in report.root_causes:
        print(f"\n{cause.title}, decided by {cause.decided_by}")
        for fact in (facts[one] for one in cause.evidence):
            print(f"  {fact.name}: {fact.attribute} = {fact.value!r}")
            print(f"    {fact.grounding}, shown by {', '.join(fact.operations)} ({', '.join(fact.calls)}) as {fact.principal} at {fact.observed_at}")


if __name__ == "__main__":
    main(sys.argv[1])
