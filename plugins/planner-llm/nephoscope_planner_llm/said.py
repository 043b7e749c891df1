"""The form of a planning model's answer. Generous in spelling, for what counts is judged afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

MOST = 12
"""Of every list in an answer so many are read."""


def _texts(value: Any) -> Any:
    """Resources and the like may come as objects: their identifier counts."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [_identifier(one) for one in value][:MOST]
    return value


def _identifier(value: Any) -> Any:
    if isinstance(value, Mapping):
        return next((str(value[key]) for key in ("native_id", "arn", "id", "name") if value.get(key)), str(value))
    return value


def _none_is_empty(value: Any) -> Any:
    return [] if value is None else value[:MOST] if isinstance(value, list) else value


def _blank(value: Any) -> Any:
    return "" if value is None else value


Texts = Annotated[list[str], BeforeValidator(_texts)]
Text = Annotated[str, BeforeValidator(_blank)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class HypothesisSaid(_Said):
    """A cause it holds possible."""

    cause: str
    title: Text = ""
    stands: Literal["open", "supported", "ruled_out"] = "open"
    facts: Annotated[Texts, Field(description="ids of facts that speak for or against it")] = []
    why: Text = ""


class ReadSaid(_Said):
    """One question to a cloud."""

    service: Text = ""
    operation: str = Field(description="operation of the API, such as DescribeServices")
    region: Text = ""
    params: dict[str, JsonValue] = {}


class CheckSaid(_Said):
    """Something to find out."""

    id: Text = Field("", description="for a check from `available` its id, unchanged, is enough")
    intent: Text = Field("", description="the question this answers")
    reads: Annotated[list[ReadSaid], BeforeValidator(_none_is_empty)] = []
    script: bool = Field(False, description="true: no list of reads can tell, a script must be written")


class LookSaid(_Said):
    """A part of a recorded fact it wants to see."""

    fact: str
    path: Text = Field("", description="JMESPath into the fact's value")


class QuestionSaid(_Said):
    """Something a person should say."""

    text: str
    options: Texts = []
    assume: str | None = None


class PredicateSaid(_Said):
    """A condition on a fact."""

    fact: str = Field(description="id of a fact")
    path: Text = Field("", description="JMESPath into the fact's value; empty: the value itself")
    is_: Literal["equals", "absent", "present", "in", "matches", "lt", "gt", "same_as"] = Field(validation_alias=AliasChoices("is_", "is"))
    value: JsonValue = None
    other: str | None = Field(None, description="id of a second fact, to compare with")


class ClaimSaid(_Said):
    """A cause it asserts, or rules out."""

    cause: str = Field(description="<cloud>.<service>.<what-is-wrong>, or the id of a known cause")
    title: Text = Field("", description="one sentence: what is wrong")
    resources: Texts = Field([], description="identifiers of the things that are at fault, exactly as recorded")
    predicates: Annotated[list[PredicateSaid], BeforeValidator(_none_is_empty)] = []
    explanation: Text = Field("", validation_alias=AliasChoices("explanation", "prose"))
    advice: Text = Field("", description="what a person should change to mend it")


class ConclusionSaid(_Said):
    """Its wish to stop."""

    stop: Text = "nothing more would decide anything"
    claims: Annotated[list[ClaimSaid], BeforeValidator(_none_is_empty)] = []
    ruled_out: Annotated[list[ClaimSaid], BeforeValidator(_none_is_empty)] = []


class Reply(_Said):
    """One decision of a planning model."""

    decision: Literal["checks", "look", "question", "conclusion"]
    hypotheses: Annotated[list[HypothesisSaid], BeforeValidator(_none_is_empty)] = []
    checks: Annotated[list[CheckSaid], BeforeValidator(_none_is_empty)] = []
    look: Annotated[list[LookSaid], BeforeValidator(_none_is_empty)] = []
    question: QuestionSaid | None = None
    conclusion: ConclusionSaid | None = None
