"""Recorded runs: handed over as one file, taken in from one, and gone through again offline."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from nephoscope import archive
from nephoscope.interfaces import UsageError
from nephoscope.models import Approval, Frozen, Identity, JsonValue, Question, Script, Violation
from nephoscope.models.record import Difference, Replay
from nephoscope.models.report import Report
from nephoscope.reporting.canonical import canonical_document
from nephoscope.settings import Settings
from nephoscope.settings.model import ALWAYS_GRANTED
from nephoscope.store import LedgerEntry, LedgerReader
from nephoscope.store.bundle import KEPT, Bundle, read_bundle, unpack, write_bundle
from nephoscope.store.run import RunStore, find_run

CONDITIONS = (
    "planner",
    "ask",
    "formatter",
    "budget",
    "allow_resource",
    "grants",
    "telemetry",
    "tiers",
    "reviewed_only",
    "limits",
    "models",
    "model_base_url",
    "mask",
    "rehearsal",
    "skills",
)
"""Settings that decide how a run goes, and that leave with it."""
_HIDDEN = re.compile(r"‹redacted:[^›]*›")


class Opened(Frozen):
    """Who a recorded run was."""

    identities: tuple[Identity, ...]


def conditions(settings: Settings) -> dict[str, JsonValue]:
    """What a replay must be told of the settings."""
    return settings.model_dump(mode="json", include=set(CONDITIONS))


def export(home: Path, run_id: str, target: Path, versions: Mapping[str, str]) -> Path:
    """Write a run as a bundle, without what belongs to this machine or its people. Returns the run's directory. Raises :class:`UsageError`."""
    report = archive.read_report(home, run_id)
    run_dir = find_run(home, run_id)
    store = RunStore(run_dir, readonly=True)
    try:
        values = {key: value for key in KEPT if (value := store.get(key)) is not None}
    finally:
        store.close()
    if "opened" not in values:
        raise UsageError(f"{run_dir.name} was made before runs could be handed over", "make the investigation again")
    words = values.get("words")
    values["words"] = scrubbed(words) if isinstance(words, str) else ""
    clean = report.model_copy(update={"run_dir": "", "problem": scrubbed(report.problem)})
    write_bundle(target, run_dir, clean.model_dump(mode="json", by_alias=True), values, {**report.versions} or dict(versions))
    return run_dir


def take_in(home: Path, path: Path) -> str:
    """Put a bundle among the runs of this machine; its id. Raises :class:`UsageError`."""
    bundle = read_bundle(path)
    run_dir = home / "runs" / bundle.manifest.id
    if run_dir.exists():
        raise UsageError(f"there is a run {bundle.manifest.id} here already", f"see it: nephoscope runs show {bundle.manifest.id}")
    report = report_of(bundle, path)
    fresh = run_dir.with_name(f".{run_dir.name}.new")
    unpack(bundle, fresh)
    archive.write_report(report.model_copy(update={"run_dir": str(run_dir)}), fresh)
    fresh.replace(run_dir)
    return run_dir.name


def report_of(bundle: Bundle, path: Path) -> Report:
    """The report in a bundle. Raises :class:`UsageError`."""
    try:
        return Report.model_validate(bundle.report)
    except ValidationError as error:
        raise UsageError(f"{path} holds no report that this program reads", "upgrade nephoscope, or export it again") from error


def as_recorded(settings: Settings, original: RunStore) -> Settings:
    """The settings a run was made with, as far as they decide how it goes; what belongs to this machine stays. Raises :class:`UsageError`."""
    kept = original.get("conditions")
    if not isinstance(kept, dict):
        raise UsageError(f"{original.id} does not say under which settings it was made", "export it again where it was made")
    given = {key: value for key, value in kept.items() if key in CONDITIONS}
    try:
        told = Settings(home=settings.home, **{**given, "grants": [one for one in given.get("grants") or () if one not in ALWAYS_GRANTED]})  # type: ignore[arg-type,union-attr]
    except ValidationError as error:
        raise UsageError(f"{original.id} was made under settings that this program does not know", "upgrade nephoscope") from error
    return settings.model_copy(update={**{name: getattr(told, name) for name in CONDITIONS}, "accounts": None})


class Answers:
    """The person of a recorded run: what they answered and approved then."""

    def __init__(self, original: RunStore) -> None:
        self._asked = {one.question.text: one for one in original.questions()}
        attempts = original.attempts()
        self._approved = {one.script: one.approved for one in attempts}
        pairs = [(one, after) for one, after in itertools.pairwise(attempts) if after.step == one.step and after.author == "person"]
        self._edited = {one.script: original.blobs.get(after.script).decode() for one, after in pairs}
        steered = [one for one in original.questions() if one.question.about.startswith("script:")]
        self._steered = {one.question.about.removeprefix("script:"): one.answer or "" for one in steered}

    def ask(self, question: Question) -> str | None:
        known = self._asked.get(question.text)
        return None if known is None or known.assumed else known.answer

    def approve(self, script: Script, _: Sequence[Violation]) -> Approval:
        digest = script.hash
        return Approval(approved=self._approved.get(digest), source=self._edited.get(digest, ""), steer=self._steered.get(digest, ""))


def begin(store: RunStore, original: RunStore) -> None:
    """A record that begins as the original did: the same words, at the same time. Raises :class:`UsageError`."""
    from nephoscope.knowledge.reading import first_reading

    words, started = original.get("words"), original.get("started_at")
    if not isinstance(words, str) or not words or not isinstance(started, str):
        raise UsageError(f"{original.id} is no investigation: it has no problem", "only investigations can be replayed")
    store.put_all({"words": words, "started_at": started, "scopes": [], "problem": first_reading(words, started[:16] + ":00Z")})


def identities_of(original: RunStore) -> tuple[Identity, ...]:
    """Who a recorded run was, with the keys that stood for it. Raises :class:`UsageError`."""
    try:
        return Opened.model_validate({"identities": original.get("opened")}).identities
    except ValidationError as error:
        raise UsageError(f"{original.id} does not say as whom it was made", "export it again where it was made") from error


def keep_case(home: Path, source: str, replay: Replay, folder: Path, versions: Mapping[str, str]) -> Path:
    """A recorded run as a case for ``bench``: the bundle, and beside it what must come out. Raises :class:`UsageError`."""
    import yaml

    report = replay.before
    truth = {
        "verdict": report.verdict,
        "causes": [cause.id for cause in report.root_causes],
        "resources": sorted({one for cause in report.root_causes for one in cause.resources}),
    }
    case = {
        "id": f"recorded-{report.id}",
        "family": "recorded",
        "text": report.problem,
        "cloud": report.scopes[0].cloud if report.scopes else "",
        "cassette": f"{report.id}.zip",
        "variants": {"recorded": {"truth": truth}},
    }
    bundle, told = folder / f"{report.id}.zip", folder / f"{report.id}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if Path(source).is_file():
            bundle.write_bytes(Path(source).read_bytes())
        else:
            export(home, source, bundle, versions)
        told.write_text(yaml.safe_dump(case, sort_keys=False, allow_unicode=True), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", "give a folder you may write to") from error
    return told


def compared(original: Path, replayed: Path, before: Report, after: Report, here: Mapping[str, str]) -> Replay:
    """What came out the same, and what did not."""
    then, now = LedgerReader(original), LedgerReader(replayed)
    try:
        recorded, made = then.replies(), now.replies()
    finally:
        then.close()
        now.close()
    differences = [*_versions(before.versions, here), *_calls(recorded, made), *_models(replayed), *_report(before, after)]
    answered = sum(one.error != "NotRecorded" for one in made)
    return Replay(id=before.id, before=before, after=after, answered=answered, differences=tuple(differences))


def _versions(before: Mapping[str, str], here: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted({*before, *here}):
        if before.get(name) != here.get(name):
            yield Difference(kind="version", what=name, before=before.get(name), after=here.get(name))


def _calls(recorded: Sequence[LedgerEntry], made: Sequence[LedgerEntry]) -> Iterator[Difference]:
    then, now = {one.call.id: one for one in recorded}, {one.call.id: one for one in made}
    for entry in made:
        if entry.error == "NotRecorded":
            yield Difference(kind="not_recorded", what=_named(entry), after=dict(entry.call.params))
        elif entry.call.id not in then:
            yield Difference(kind="elsewhere", what=_named(entry), after=dict(entry.call.params))
    for entry in recorded:
        if entry.call.id not in now:
            yield Difference(kind="not_asked", what=_named(entry), before=dict(entry.call.params))


def _models(replayed: Path) -> Iterator[Difference]:
    store = RunStore(replayed, readonly=True)
    try:
        for call in store.model_calls():
            if call.error == "not_recorded":
                yield Difference(kind="model", what=f"{call.model} is asked what it was not asked then", after=store.blobs.get_json(call.request))
    finally:
        store.close()


def _named(entry: LedgerEntry) -> str:
    return f"{entry.call.id} {entry.call.name} {entry.call.region}".strip()


def _report(before: Report, after: Report) -> Iterator[Difference]:
    for path, then, now in _differing("", canonical_document(before), canonical_document(after)):
        yield Difference(kind="report", what=path, before=then, after=now)


def _differing(path: str, then: JsonValue, now: JsonValue) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """The innermost places at which two documents differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _differing(f"{path}.{key}" if path else key, then.get(key), now.get(key))
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (left, right) in enumerate(zip(then, now, strict=True)):
            yield from _differing(f"{path}[{index}]", left, right)
    elif then != now:
        yield path, then, now


def scrubbed(text: str) -> str:
    """Words of a person without the credentials that people paste along. What stands for them holds no number: words are read for ports."""
    from nephoscope.boundary.broker.redaction import Redactor

    return _HIDDEN.sub("‹redacted›", Redactor(os.urandom(32)).hide("text", text))
