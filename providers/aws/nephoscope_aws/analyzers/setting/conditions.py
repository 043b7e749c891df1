"""Conditions judged over facts, three-valued; what was seen on the way fills the texts of the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jmespath

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.setting.rules import Condition, Place
from nephoscope_aws.iam.truth import Truth, all_of, any_of, negated
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden, mend
from nephoscope_aws.looking.nearness import meant
from nephoscope_aws.looking.referring import referred
from nephoscope_aws.looking.times import moment


@dataclass
class Judging:
    """One rule over one thing: the facts it looked at, values for its texts, what would have to be otherwise."""

    look: Look
    subject: ResourceRef
    details: dict[str, JsonValue] = field(default_factory=dict)
    suppose: list[Supposition] = field(default_factory=list)

    @property
    def view(self) -> FactView:
        """The facts."""
        return self.look.view

    def awaits(self, query: FactQuery) -> bool:
        """Whether something that the fix wants, and not the verdict, may still be asked: then the verdict can wait a round for it."""
        self.look.want(query)
        return any(one.key == query.key for one in self.look.askable)

    def value(self, subject: ResourceRef, place: Place | Condition) -> object:
        """What stands at a place; ``UNKNOWN`` while nobody has looked, or where it is hidden."""
        found = self.look.value(subject, place.attribute)
        if found is UNKNOWN:
            return UNKNOWN
        if place.path and found is not None:
            found = jmespath.search(place.path, found)
        if hidden(found):
            return UNKNOWN
        if subject.key == self.subject.key:
            self.details.setdefault(place.attribute.replace(".", "_"), _plain(found))
        return found


Judge = Callable[[Judging], Truth]


def named_judge(*functions: Judge, prefix: str = "") -> dict[str, Judge]:
    """Functions by the name that rules call them by."""
    return {f"{prefix}{getattr(one, '__name__', '')}": one for one in functions}


def judge(condition: Condition, subject: ResourceRef, judging: Judging, judges: Mapping[str, Judge]) -> Truth:
    """Whether a condition holds of a thing. In ``all`` and ``any`` nothing is asked after the first part that decides."""
    if condition.attribute:
        return _compare(condition, subject, judging)
    if condition.not_ is not None:
        return negated(judge(condition.not_, subject, judging, judges))
    if condition.missing is not None:
        return _missing(condition.missing, subject, judging)
    if condition.of is not None and condition.where is not None:
        return _of(condition.of, condition.where, subject, judging, judges)
    if condition.judge:
        return judges[condition.judge](judging)
    return _several(condition, subject, judging, judges)


def _several(condition: Condition, subject: ResourceRef, judging: Judging, judges: Mapping[str, Judge]) -> Truth:
    found: list[Truth] = []
    for part in condition.all or condition.any:
        found.append(judge(part, subject, judging, judges))
        if found[-1] is (not condition.all):
            break
    return all_of(found) if condition.all else any_of(found)


def _of(place: Place, where: Condition, subject: ResourceRef, judging: Judging, judges: Mapping[str, Judge]) -> Truth:
    named = judging.value(subject, place)
    if named is UNKNOWN:
        return None
    found: list[Truth] = []
    for ref in referred(judging.view, subject, place.type, named):
        found.append(judge(where, ref, judging, judges))
        if found[-1]:
            judging.details |= {"other": ref.label, "other_id": ref.native_id}
            break
    return any_of(found)


def _missing(place: Place, subject: ResourceRef, judging: Judging) -> Truth:
    named = judging.value(subject, place)
    if named is UNKNOWN:
        return None
    found: list[Truth] = []
    for ref in referred(judging.view, subject, place.type, named):
        there = judging.look.exists(ref)
        found.append(negated(there))
        if there is False:
            judging.details |= told_missing(judging, ref)
            judging.suppose.append(mend(ref, "exists", True))
    return any_of(found)


def told_missing(judging: Judging, ref: ResourceRef) -> dict[str, JsonValue]:
    """What is told of a thing that is not there; with the living one that was meant, where the names differ by a slip."""
    living = {one.label: one for one in judging.view.subjects(ref.native_type) if one.key != ref.key and not _gone(judging.view, one)}
    near = meant(ref.label, living)
    told: dict[str, JsonValue] = {"missing": ref.label, "missing_id": ref.native_id}
    if ref.native_type == "s3:bucket":
        region = judging.subject.region or next((one.regions[0] for one in judging.view.identities if one.regions), "")
        where: dict[str, JsonValue] = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region not in ("", "us-east-1") else {}
        told["new_bucket"] = {"Bucket": ref.label, **where}
    return told | ({"near": near, "near_id": living[near].native_id} if near else {})


def _gone(view: FactView, ref: ResourceRef) -> bool:
    fact = view.fact(ref, "exists")
    return fact is None or fact.known_absent


def _compare(condition: Condition, subject: ResourceRef, judging: Judging) -> Truth:
    here = judging.value(subject, condition)
    if here is UNKNOWN:
        return None
    against: object = condition.value
    if condition.than is not None:
        against = judging.value(subject, condition.than)
        if against is UNKNOWN:
            return None
        number = _number(against)
        against = number * condition.than.times if number is not None else against
    return compare(condition.is_, here, against, judging.view.problem.now)


def compare(is_: str, here: object, against: object, now: str = "") -> bool:  # noqa: PLR0911 - one line per comparison
    """One comparison. What is not there is only ever ``absent``, ``empty`` or different; numbers may be written as text."""
    if is_ in ("absent", "present"):
        return (here is None) == (is_ == "absent")
    if is_ == "empty":
        return here in (None, "", [], {})
    if is_ in ("equals", "differs"):
        return (_same(here, against)) == (is_ == "equals")
    if here is None:
        return False
    if is_ == "in":
        return isinstance(against, list | tuple) and any(_same(here, one) for one in against)
    if is_ == "matches":
        return isinstance(here, str) and re.search(str(against), here) is not None
    if is_ in ("before", "after"):
        return _moment_is(is_, here, now)
    left, right = _number(here), _number(against)
    if left is None or right is None:
        return False
    return {"lt": left < right, "gt": left > right, "le": left <= right, "ge": left >= right}[is_]


def _same(here: object, against: object) -> bool:
    if isinstance(here, bool) or isinstance(against, bool):
        return here is against or str(here).lower() == str(against).lower()
    left, right = _number(here), _number(against)
    return left == right if left is not None and right is not None else here == against


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _moment_is(is_: str, here: object, now: str) -> bool:
    then, today = moment(here), moment(now)
    if then is None or today is None:
        return False
    return then < today if is_ == "before" else then > today


def _plain(value: object) -> JsonValue:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)
