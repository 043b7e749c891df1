"""The form of a planning model's answer. Generous in spelling, for what counts is judged afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

MOST = 12
"""Of every list in an answer so many are read."""


def _texts(value: Any) -> Any:
    """Resources and the like may come as objects: their identifier counts."""
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [_identifier(one) for one in value][:MOST]
    return value


def _identifier(value: Any) -> Any:
    if isinstance(value, Mapping):
        return next((str(value[key]) for key in ("native_id", "arn", "id", "name", "text", "label") if value.get(key)), str(value))
    return value if isinstance(value, str) else str(value)


def _items(value: Any) -> Any:
    """A list, where one thing came alone or none."""
    if value is None or value == "":
        return []
    return [value] if isinstance(value, Mapping) else value[:MOST] if isinstance(value, list) else value


def _reads(value: Any) -> Any:
    """A read may be no more than the name of an operation."""
    found = _items([value] if isinstance(value, str) and value else value)
    return [{"operation": one} if isinstance(one, str) else one for one in found] if isinstance(found, list) else found


def _blank(value: Any) -> Any:
    return "" if value is None else str(value) if isinstance(value, int | float) else value


def _word(value: Any) -> Any:
    """A choice in other letters: ``Ruled out`` is ``ruled_out``."""
    return re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else value


def _stands(value: Any) -> Any:
    word = _word(value)
    known = {"open", "supported", "ruled_out"}
    return word if word in known else _STANDS.get(str(word), "open")


_STANDS = {
    **dict.fromkeys(("confirmed", "true", "yes", "likely", "proven", "holds", "supports"), "supported"),
    **dict.fromkeys(("rejected", "refuted", "false", "no", "excluded", "disproven", "eliminated", "closed", "unsupported"), "ruled_out"),
}
_COMPARED = {
    **dict.fromkeys(("==", "=", "eq", "equal", "equal_to", "is"), "equals"),
    **dict.fromkeys(("!=", "<>", "ne", "neq", "not_equal", "is_not", "differs", "differs_from"), "not_equals"),
    **dict.fromkeys(("exists", "exist", "not_null", "is_present", "not_absent", "not_empty"), "present"),
    **dict.fromkeys(("missing", "not_present", "null", "is_null", "none", "not_exists", "does_not_exist", "is_absent"), "absent"),
    **dict.fromkeys(("<", "less_than", "less"), "lt"),
    **dict.fromkeys((">", "greater_than", "greater", "more_than"), "gt"),
    **dict.fromkeys(("regex", "match", "=~", "like"), "matches"),
    **dict.fromkeys(("includes", "has", "contain"), "contains"),
    **dict.fromkeys(("same", "equals_fact"), "same_as"),
    **dict.fromkeys(("one_of", "is_in", "any_of"), "in"),
}


def _compared(value: Any) -> Any:
    word = _word(value)
    return _COMPARED.get(word, word) if isinstance(word, str) else word


def _whether(value: Any) -> Any:
    """A script given in place of the wish for one is a wish: who writes scripts is told what is allowed."""
    return value.strip().lower() not in ("", "false", "no", "none") if isinstance(value, str) else bool(value)


def _object(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else {}
        except (ValueError, RecursionError):
            return value
    return {} if value is None or value == [] else value


Texts = Annotated[list[str], BeforeValidator(_texts)]
Text = Annotated[str, BeforeValidator(_blank)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class HypothesisSaid(_Said):
    """A cause it holds possible."""

    cause: str
    title: Text = ""
    stands: Annotated[Literal["open", "supported", "ruled_out"], BeforeValidator(_stands)] = "open"
    facts: Annotated[Texts, Field(description="ids of facts that speak for or against it")] = []
    why: Text = ""


class ReadSaid(_Said):
    """One question to a cloud."""

    service: Text = ""
    operation: str = Field(description="operation of the API, such as DescribeServices")
    region: Text = ""
    params: Annotated[dict[str, JsonValue], BeforeValidator(_object)] = Field(
        {}, validation_alias=AliasChoices("params", "parameters", "arguments", "args")
    )


class CheckSaid(_Said):
    """Something to find out."""

    id: Text = Field("", description="for a check from `available` its id, unchanged, is enough")
    intent: Text = Field("", description="the question this answers")
    reads: Annotated[list[ReadSaid], BeforeValidator(_reads)] = []
    script: Annotated[bool, BeforeValidator(_whether)] = Field(False, description="true: no list of reads can tell, a script must be written")

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, said: Any) -> Any:
        """An id alone, or a read without a check around it."""
        if isinstance(said, str):
            return {"id": said}
        if isinstance(said, Mapping) and said.get("operation") and not said.get("reads"):
            return {**said, "reads": [dict(said)]}
        return said


class LookSaid(_Said):
    """A part of a recorded fact it wants to see."""

    fact: str = Field(validation_alias=AliasChoices("fact", "fact_id", "id"))
    path: Text = Field("", description="JMESPath into the fact's value")


class QuestionSaid(_Said):
    """Something a person should say."""

    text: str
    options: Texts = []
    assume: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, said: Any) -> Any:
        return {"text": said} if isinstance(said, str) else said


class PredicateSaid(_Said):
    """A condition on a fact."""

    fact: str = Field(description="id of a fact", validation_alias=AliasChoices("fact", "fact_id"))
    path: Text = Field("", description="JMESPath into the fact's value; empty: the value itself")
    is_: Annotated[
        Literal["equals", "not_equals", "contains", "absent", "present", "in", "matches", "lt", "gt", "same_as"], BeforeValidator(_compared)
    ] = Field(validation_alias=AliasChoices("is_", "is", "operator", "op"))
    value: JsonValue = None
    other: str | None = Field(None, description="id of a second fact, to compare with")


class ClaimSaid(_Said):
    """A cause it asserts, or rules out."""

    cause: str = Field(description="<cloud>.<service>.<what-is-wrong>, or the id of a known cause")
    title: Text = Field("", description="one sentence: what is wrong")
    resources: Texts = Field([], description="identifiers of the things that are at fault, exactly as recorded")
    predicates: Annotated[list[PredicateSaid], BeforeValidator(_items)] = []
    explanation: Text = Field("", validation_alias=AliasChoices("explanation", "prose", "why"))
    advice: Text = Field("", description="what a person should change to mend it", validation_alias=AliasChoices("advice", "recommendation", "fix"))


class ConclusionSaid(_Said):
    """Its wish to stop."""

    stop: Text = "nothing more would decide anything"
    claims: Annotated[list[ClaimSaid], BeforeValidator(_items)] = []
    ruled_out: Annotated[list[ClaimSaid], BeforeValidator(_items)] = []


_PARTS = ("conclusion", "checks", "look", "question")
_DECISIONS = {
    **dict.fromkeys(("check", "investigate", "reads", "read", "script"), "checks"),
    **dict.fromkeys(("looks", "inspect", "look_at"), "look"),
    **dict.fromkeys(("questions", "ask", "ask_person"), "question"),
    **dict.fromkeys(("conclude", "conclusions", "done", "stop", "final"), "conclusion"),
}


class Reply(_Said):
    """One decision of a planning model."""

    decision: Literal["checks", "look", "question", "conclusion"]
    hypotheses: Annotated[list[HypothesisSaid], BeforeValidator(_items)] = []
    checks: Annotated[list[CheckSaid], BeforeValidator(_items)] = []
    look: Annotated[list[LookSaid], BeforeValidator(_items)] = []
    question: QuestionSaid | None = None
    conclusion: ConclusionSaid | None = None

    @model_validator(mode="before")
    @classmethod
    def _decided(cls, said: Any) -> Any:
        """The decision in other words, or told by the only part that is given."""
        if not isinstance(said, Mapping):
            return said
        given = [part for part in _PARTS if said.get(part)]
        word = _word(said.get("decision"))
        word = _DECISIONS.get(word, word) if isinstance(word, str) else word
        if word not in _PARTS and len(given) == 1:
            word = given[0]
        return {**said, "decision": word}
