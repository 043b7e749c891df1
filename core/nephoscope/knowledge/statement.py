"""The problem as it was understood, in a few labelled lines: what a person is shown, and may correct."""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Entity, Problem, Question

CONFIRM = Question(text="Is this what you mean? Enter for yes, or say it otherwise.", options=("yes",), assume="yes", about="statement")
"""Put with ``--ask always``."""
_SYMPTOMS = 3


def statement(problem: Problem) -> list[tuple[str, str]]:
    """Label and text of every line that there is something to say in."""
    return [(label, text) for label, text in _lines(problem) if text]


def _lines(problem: Problem) -> Iterator[tuple[str, str]]:
    classes = [problem.symptom, *problem.symptoms][:_SYMPTOMS]
    yield "what hurts", " or ".join(one.replace("_", " ") for one in classes if one)
    found = [one for one in problem.entities if one.matches]
    yield "about", "; ".join(_told(one) for one in found if one.role != "healthy")
    yield "works", "; ".join(_told(one) for one in found if one.role == "healthy")
    lost = [one for one in problem.entities if one.named and not one.matches]
    yield "not found", "; ".join(_near(one) for one in lost)
    yield "numbers", ", ".join(problem.numbers)
    yield "operations", ", ".join(problem.actions)
    yield "since", problem.onset or ""
    yield "expected", "; ".join(problem.expectations)


def _told(entity: Entity) -> str:
    kinds = ", ".join(dict.fromkeys(f"{ref.label} ({ref.native_type}{f', {ref.region}' if ref.region else ''})" for ref in entity.matches[:4]))
    more = f" and {len(entity.matches) - 4} more" if len(entity.matches) > 4 else ""
    return f"{kinds}{more}{f', taken for “{entity.text}”' if entity.assumed else ''}"


def _near(entity: Entity) -> str:
    near = ", ".join(ref.label for ref in entity.near[:3])
    return f"“{entity.text}”{f', near to it: {near}' if near else ''}"
