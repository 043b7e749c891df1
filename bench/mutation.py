"""Faults nobody wrote a scenario for: change one field of each healthy account, tell what hurts, count what is made of it.

    python bench/mutation.py [--family connect|access] [--only ID] [--every N] [--show wrong,quiet] [--healthy]

``explained``: a confirmed or likely cause that rests on what was changed. ``inconclusive``: honest. ``wrong``: a cause that rests on something else.
``quiet``: "no fault found". Many changes are harmless (another rule lets the traffic through), so these are to be read one by one: ``--show quiet``.
``wrong`` and the harmful ones among ``quiet`` decide whether people trust the tool. ``--healthy``: the unchanged accounts, where all must be quiet.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from moto import mock_aws

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "providers" / "aws" / "analyzers")]

from harness import ACCOUNT, REGION, Account, substitute  # noqa: E402

import nephoscope_suite_aws  # noqa: E402
from nephoscope.engine.verdict import diagnose  # noqa: E402
from nephoscope.models import Diagnosis  # noqa: E402
from nephoscope_aws.analyzers.access import AccessAnalyzer  # noqa: E402
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer  # noqa: E402
from nephoscope_aws.estate import AwsEstate  # noqa: E402
from nephoscope_suite_aws.mutators import Mutant, Step, mutants, near  # noqa: E402

SCENARIOS = Path(nephoscope_suite_aws.__file__).parent / "scenarios"
EDGES: dict[str, dict[str, Any]] = yaml.safe_load((SCENARIOS.parent / "edges.yaml").read_text(encoding="utf-8"))
FOLDERS = {"connect": "reachability", "access": "access"}
ANALYZERS = [ReachabilityAnalyzer(), AccessAnalyzer()]


class InProcess(Account):
    """An account emulated in this process, asked without a network."""

    def client(self, service: str, region: str = REGION) -> Any:
        known = self.__dict__.setdefault("clients", {})
        if (service, region) not in known:
            known[service, region] = _client(service, region)
        return known[service, region]


@cache
def _client(service: str, region: str) -> Any:
    import boto3

    return boto3.client(service, region_name=region or REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


@cache
def _estate() -> AwsEstate:
    return AwsEstate()


@dataclass(frozen=True)
class Outcome:
    """What was made of one mutant."""

    scenario: str
    mutant: Mutant
    text: str
    kind: str
    told: str


def steps_of(family: str, scenario: str) -> list[Step]:
    """The steps that build the healthy twin."""
    body = yaml.safe_load((SCENARIOS / FOLDERS[family] / f"{scenario}.yaml").read_text(encoding="utf-8"))
    return [*body["base"], *body["variants"]["twin"]["steps"]]


def seed(account: Account, steps: Sequence[Step]) -> dict[str, Any]:
    """Run the steps; what they named. Raises ``ClientError`` for a change that the cloud would not have accepted."""
    names: dict[str, Any] = {"account": ACCOUNT, "region": REGION}
    for step in steps:
        service, operation = step["do"].split(":")
        reply = getattr(account.client(service), xform_name(operation))(**substitute(step.get("params", {}), names))
        if "as" in step:
            names[step["as"]] = reply
    return names


def diagnosed(account: Account, text: str) -> tuple[Any, Diagnosis]:
    """The verdict by the engine's own rules, and the facts it rests on."""
    view, found = account.investigate(ANALYZERS, account.understand(text))

    def again(mended: Any) -> list[Any]:
        return [one for analyzer in ANALYZERS for one in analyzer.analyze(mended)]

    return view, diagnose(view, found, again)


def trial(family: str, scenario: str, mutant: Mutant, text: str) -> Outcome | None:
    """Seed, ask, judge; ``None`` when the cloud does not accept the change."""
    with mock_aws():
        account = InProcess("", estate=_estate())
        try:
            names = seed(account, mutant.steps)
        except (ClientError, ParamValidationError, KeyError):
            return None
        try:
            view, diagnosis = diagnosed(account, text)
        except Exception as error:
            return Outcome(scenario, mutant, text, "crashed", repr(error)[:300])
        kind = judged(view, diagnosis, identifiers(mutant, names))
    told = "; ".join(f"{one.cause} {one.subject.label}: {one.note}" for one in diagnosis.causes)
    if diagnosis.verdict == "inconclusive":
        told = "; ".join(f"{one.cause}={one.holds} {one.note}" for one in diagnosis.observations if one.holds != "yes") or "nothing observed"
        told += f" [{view.problem.symptom}; {[(e.text, e.role, [m.label for m in e.matches]) for e in view.problem.entities]}]"
    return Outcome(scenario, mutant, text, kind, told)


def identifiers(mutant: Mutant, names: dict[str, Any]) -> set[str]:
    """Every identifier the changed step names, before or after the change, with what it made."""
    changed = [one for one in mutant.steps if one not in (mutant.touched,)]
    same = [one for one in changed if one["do"] == mutant.touched["do"] and one.get("as") == mutant.touched.get("as")]
    told = json.dumps(substitute([mutant.touched.get("params", {}), *(one.get("params", {}) for one in same)], names), default=str)
    told += json.dumps(names.get(mutant.touched.get("as", ""), {}), default=str)
    return {word for word in re.findall(r"[\w:/.-]{3,}", told) if re.search(r"[-:/]|[a-z]{4}", word)}


def judged(view: Any, diagnosis: Diagnosis, changed: set[str]) -> str:
    """Which column a verdict belongs to."""
    if diagnosis.verdict == "no_fault_found":
        return "quiet"
    if diagnosis.verdict == "inconclusive":
        return "inconclusive"
    facts = {fact.id: fact for fact in view.all_facts()}
    for cause in diagnosis.causes:
        rests = {cause.subject.native_id, cause.subject.name, cause.subject.native_id.split("/")[-1].split(":")[-1]}
        rests |= {value for value in cause.details.values() if isinstance(value, str)}
        rests |= {name for fact in map(facts.get, cause.because) if fact for name in (fact.subject.native_id, fact.subject.name)}
        if not rests & changed and not any(len(one) > 8 and one in word for one in rests for word in changed):
            return "wrong"
    return "explained"


def chosen(family: str, only: str, every: int) -> Iterator[tuple[str, Mutant, str]]:
    """Mutants of a family, each in one of the phrasings; ``every``: take each n-th."""
    phrasings, count = EDGES["phrasings"][family], 0
    for scenario, edge in EDGES[family].items():
        if only and only not in scenario:
            continue
        steps = steps_of(family, scenario)
        concerned = near(steps, " ".join(map(str, edge.values())))
        for mutant in mutants(steps):
            if mutant.touched["do"] not in ("ec2:CreateVpc", "ec2:AttachInternetGateway") and not any(
                {**one, "as": ""} == {**mutant.touched, "as": ""} for one in concerned
            ):
                continue
            count += 1
            if count % every == 0:
                yield scenario, mutant, phrasings[count // every % len(phrasings)].format(**edge)


def healthy(family: str, only: str) -> Iterator[Outcome]:
    """Every unchanged twin in every phrasing: nothing may be found."""
    for scenario, edge in EDGES[family].items():
        if only in scenario:
            steps = tuple(steps_of(family, scenario))
            for phrasing in EDGES["phrasings"][family]:
                unchanged = Mutant("nothing", "unchanged", steps, {"do": "", "params": {}})
                outcome = trial(family, scenario, unchanged, phrasing.format(**edge))
                if outcome:
                    yield outcome


def line(outcome: Outcome) -> str:
    """One outcome for a person: what was changed, what was said, what was made of it."""
    mutant = outcome.mutant
    about = mutant.touched.get("as") or str(mutant.touched.get("params"))[:150]
    return f"{outcome.kind:12} {outcome.scenario} | {mutant.field} {mutant.how} | {about} | {outcome.text} | {outcome.told}"


def main() -> None:
    """Run, then print a line per field and the sums."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--family", choices=tuple(FOLDERS), action="append")
    options.add_argument("--only", default="")
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--show", default="wrong,crashed")
    options.add_argument("--healthy", action="store_true")
    given = options.parse_args()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for family in given.family or FOLDERS:
        made = healthy(family, given.only) if given.healthy else (trial(family, *one) for one in chosen(family, given.only, given.every))
        for outcome in made:
            if outcome is None:
                table[family]["refused by the cloud"] += 1
                continue
            table[family][outcome.kind] += 1
            table[re.sub(r"\.\d+", "", outcome.mutant.field)][outcome.kind] += 1
            if outcome.kind in given.show.split(","):
                sys.stdout.write(f"{line(outcome)}\n")
                sys.stdout.flush()
    for field, row in sorted(table.items()):
        sys.stdout.write(f"{field:70} {dict(row)}\n")


if __name__ == "__main__":
    main()
