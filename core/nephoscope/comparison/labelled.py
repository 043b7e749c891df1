"""Prose whose quality people have settled: what a judge must agree with before anybody hears of its marks. Data, brought by packs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, get_args

import yaml

from nephoscope.comparison.prose import Prose, ToldCause, ToldFix
from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen
from nephoscope.models.yaml_text import parse_yaml

Criterion = Literal["clarity", "fix", "evidence"]
CRITERIA: Final[tuple[Criterion, ...]] = get_args(Criterion)
QUESTIONS: Final[Mapping[Criterion, str]] = {
    "clarity": "Can the person who reported the problem understand what is wrong, where, and how it leads to what was seen, in one reading? "
    "5: yes, with the names that count and no idle word. 3: what is wrong can be guessed, or the way to the symptom is missing. "
    "1: nobody can tell what is meant.",
    "fix": "Does what is to be done follow from the cause that is told, on the thing that is told, and does it no more than that needs? "
    "5: done, the cause is gone and nothing else has changed. 3: it is about the right thing, and too vague, too wide or not enough. "
    "1: there is none, or it mends something else, does harm, or takes a safeguard away.",
    "evidence": "Does every claim, of the causes and of the reasons for the fix, follow from the evidence that is shown? "
    "5: every one does. 3: the heart of it does, and something is added that nothing shows. "
    "1: the heart of it is contradicted, made up, or stated as certain where nothing shows it.",
}  # fmt: skip
"""What is asked about each, and what the ends and the middle of the scale mean."""
SOUND: Final = 4
"""From this mark on a text is sound by a criterion."""


class Told(Frozen):
    """One way to tell a story. ``sound``: the criteria that hold by our own judgement. ``hostile``: it speaks to its judge."""

    id: str
    causes: tuple[ToldCause, ...]
    fixes: tuple[ToldFix, ...] = ()
    sound: tuple[Criterion, ...] = ()
    hostile: bool = False
    why: str = ""


class Story(Frozen):
    """A problem, and what the texts about it may rest on."""

    id: str
    problem: str
    verdict: str = "confirmed"
    evidence: tuple[str, ...]
    told: tuple[Told, ...]


class Stories(Frozen):
    """One file."""

    stories: tuple[Story, ...]


class Example(Frozen):
    """A text with our labels."""

    id: str
    prose: Prose
    sound: tuple[Criterion, ...]
    hostile: bool = False


def load_examples(folders: Iterable[Path]) -> list[Example]:
    """Every labelled text below the folders. Raises :class:`UsageError` naming the file and the fault."""
    found: dict[str, Example] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            try:
                read = list(_examples(Stories.model_validate(parse_yaml(path.read_text(encoding="utf-8")))))
            except (yaml.YAMLError, ValueError) as error:
                raise UsageError(f"the labelled prose in {path.name} cannot be read: {error}", "mend the file, or block its pack") from error
            for one in read:
                if one.id in found:
                    raise UsageError(f"the labelled prose {one.id} is there twice", f"rename the one in {path.name}")
                found[one.id] = one
    return list(found.values())


def _examples(read: Stories) -> Iterator[Example]:
    for story in read.stories:
        for told in story.told:
            prose = Prose(problem=story.problem, verdict=story.verdict, evidence=story.evidence, causes=told.causes, fixes=told.fixes)
            yield Example(id=f"{story.id}/{told.id}", prose=prose, sound=told.sound, hostile=told.hostile)
