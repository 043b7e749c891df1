"""Keeps what a model wrote and what proved itself: rehearsed, part of a confirmed verdict, and read by the reply tables."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.rehearsing import rehearse
from nephoscope.knowledge.tables import INVENTORY, REPLY
from nephoscope.models import Diagnosis, Fact, JsonValue, ResourceRef, Script, Skill, SkillFact, SkillOrigin, SkillParam
from nephoscope.store.ledger import now
from nephoscope.store.run import Attempt, Step
from nephoscope.validation import validate
from nephoscope.validation.syntax import tree_of

HELPER = "nephoscope_script"


def keep_skills(context: Context) -> list[Skill]:
    """What of this run is worth keeping. Nothing in a replay, and nothing where rehearsals were skipped: what was not tried is not kept."""
    diagnosis = context.store.load("diagnosis", Diagnosis)
    if context.skills is None or context.stage is None or diagnosis is None or diagnosis.verdict != "confirmed":
        return []
    view, kept = dossier(context), list[Skill]()
    for step in context.store.steps():
        attempts = context.store.attempts(step.index)
        if step.status == "done" and attempts and attempts[-1].author.startswith("model:"):
            skill = _skill(step, attempts[-1], view, context)
            if skill is not None:
                kept.append(context.skills.keep(skill))
    return kept


def tabled(attempt: Attempt, view: Dossier) -> list[Fact]:
    """Facts that the reply tables read from the calls of one run of a script."""
    calls = set(attempt.result.calls) if attempt.result else set()
    return [fact for fact in view.all_facts() if calls & set(fact.calls) and fact.subject.kind not in (REPLY, INVENTORY)]


def _skill(step: Step, attempt: Attempt, view: Dossier, context: Context) -> Skill | None:
    facts, first = tabled(attempt, view), context.store.rehearsal(attempt.script)
    estate = context.estates.get(step.check.cloud)
    if not facts or estate is None or context.stage is None or first is None or first.outcome != "passed":
        return None
    script = context.store.script(attempt, step.check)
    general = generalised(script, [*view.problem.matched(), *(fact.subject for fact in view.all_facts())])
    environment = estate.environment()
    judged = validate(general.script, environment, context.rewriters, context.judges)
    if not judged.accepted or context.clean(judged.script.source) != judged.script.source:
        return None
    rehearsal = first if judged.script.hash == script.hash else rehearse(judged.script, estate, context.stage)
    if rehearsal.outcome != "passed" or not rehearsal.tested:
        return None
    return Skill(
        id=_id(general.intent),
        cloud=step.check.cloud,
        intent=general.intent,
        params=general.params,
        operations=rehearsal.operations,
        facts=tuple(dict.fromkeys(SkillFact(native_type=one.subject.native_type, attribute=one.attribute) for one in facts))[:40],
        tested=rehearsal.tested,
        versions=dict(environment.versions),
        origin=SkillOrigin(run=context.store.id, author=attempt.author, verdict="confirmed", kept_at=now()),
        hash=judged.script.hash,
        source=judged.script.source,
    )


def _id(intent: str) -> str:
    words = re.findall(r"[a-z0-9]+", re.sub(r"\{[a-z0-9_]+\}", " ", intent.lower()))
    digest = hashlib.sha256(" ".join(sorted(words)).encode()).hexdigest()[:6]
    return f"{'-'.join(words)[:50].strip('-') or 'check'}-{digest}"


@dataclass(frozen=True)
class General:
    """A script and its question with names of the account taken out."""

    script: Script
    intent: str
    params: tuple[SkillParam, ...]


def generalised(script: Script, subjects: Sequence[ResourceRef]) -> General:
    """Names of known things that stand in the script as whole texts become parameters; so do the values the check gave already."""
    named = {text: ref for ref in subjects if ref.kind not in (REPLY, INVENTORY) for text in (ref.native_id, ref.name) if len(text) > 2}
    given = {name: value for name, value in script.check.params.items() if _plain(name)}
    params = {name: SkillParam(name=name, native_type=_type(value, named), example=value) for name, value in given.items()}
    places = [(node, text) for node, text in _constants(tree_of(script.source)) if text in named]
    by_text = {str(one.example): name for name, one in params.items()}
    for _, text in places:
        if text not in by_text:
            name = by_text[text] = _param(named[text], params)
            params[name] = SkillParam(name=name, native_type=named[text].native_type, example=text)
    source = _replaced(script.source, [(node, f'{HELPER}.params()["{by_text[text]}"]') for node, text in places])
    if places:
        source = _imported(source)
    intent = script.check.intent
    for text, name in sorted(by_text.items(), key=lambda pair: -len(pair[0])):
        intent = re.sub(rf"(?<![\w{{-]){re.escape(text)}(?![\w}}-])", "{" + name + "}", intent) if text else intent
    check = script.check.model_copy(update={"params": {one.name: one.example for one in params.values()}})
    return General(script.model_copy(update={"source": source, "check": check}), intent, tuple(params.values()))


def _plain(name: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None


def _type(value: JsonValue, named: Mapping[str, ResourceRef]) -> str:
    return named[value].native_type if isinstance(value, str) and value in named else ""


def _param(ref: ResourceRef, taken: Mapping[str, SkillParam]) -> str:
    base = re.sub(r"[^a-z0-9]+", "_", ref.native_type.rpartition(":")[2].lower()).strip("_") or "name"
    base = base if base[0].isalpha() else f"name_{base}"
    return next(name for number in range(1, 1000) if (name := base if number == 1 else f"{base}_{number}") not in taken)


class _Constants(ast.NodeVisitor):
    """Texts that are values; those inside f-strings have no place of their own."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.Constant, str]] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append((node, node.value))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None: ...
    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)


def _constants(tree: ast.Module) -> list[tuple[ast.Constant, str]]:
    visitor = _Constants()
    visitor.visit(tree)
    return visitor.found


def _replaced(source: str, changes: Sequence[tuple[ast.Constant, str]]) -> str:
    """The source with these pieces replaced, last ones first. Columns of ``ast`` count bytes."""
    lines = source.encode().split(b"\n")
    for node, text in sorted(changes, key=lambda one: (one[0].lineno, one[0].col_offset), reverse=True):
        if node.end_lineno == node.lineno and node.end_col_offset is not None:
            line = lines[node.lineno - 1]
            lines[node.lineno - 1] = line[: node.col_offset] + text.encode() + line[node.end_col_offset :]
    return b"\n".join(lines).decode()


def _imported(source: str) -> str:
    """With the helper imported, after the docstring."""
    tree = tree_of(source)
    if any(isinstance(node, ast.Import) and any(alias.name == HELPER and not alias.asname for alias in node.names) for node in tree.body):
        return source
    lines = source.split("\n")
    documented = tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant)
    place = (tree.body[0].end_lineno or 0) if documented else 0
    return "\n".join([*lines[:place], f"import {HELPER}", *lines[place:]])
