"""What a walk finds switched off, under the cause that others have for it: one fault has one name, however it was come by."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nephoscope.interfaces import FactView
from nephoscope.models import Finding
from nephoscope_aws.access import keys
from nephoscope_aws.access.lens import Lens

_OFF = "-not-in-service"
_SWITCHED_OFF = frozenset({"Disabled", "Disabling"})


def better_known(view: FactView, finding: Finding) -> Finding:
    """The finding as those who judge such things tell it, on the facts and on the path of the walk; the finding itself where nobody does."""
    read = _READERS.get(finding.subject.native_type)
    if read is None or finding.role != "cause" or finding.holds != "yes" or not finding.cause.endswith(_OFF):
        return finding
    return read(view, finding)


def _key(view: FactView, finding: Finding) -> Finding:
    judged = (one for one in keys.condition_of(Lens(view), finding.subject) if one.role == "cause" and one.holds == "yes")
    return next((one.model_copy(update={"on_path": finding.on_path}) for one in judged), finding)


def _mapping(view: FactView, finding: Finding) -> Finding:
    mapping = finding.subject
    facts = {name: fact for name in ("state", "source", "function") if (fact := view.fact(mapping, name)) and isinstance(fact.value, str)}
    if len(facts) < 3 or facts["state"].value not in _SWITCHED_OFF:
        return finding
    source, function = str(facts["source"].value), str(facts["function"].value)
    told = {
        "queue": source.split(":", 5)[-1].removeprefix("stream/").removeprefix("table/").partition("/stream/")[0],  # times hold colons
        "function": function.partition(":function:")[2] or function,
        "mapping": mapping.native_id,
        "state": str(facts["state"].value),
    }
    because = tuple(dict.fromkeys((*finding.because, *(fact.id for fact in facts.values()))))
    return finding.model_copy(update={"cause": "aws.lambda.event-source-mapping-disabled", "details": told, "because": because})


_READERS: Mapping[str, Callable[[FactView, Finding], Finding]] = {"kms:key": _key, "lambda:event-source-mapping": _mapping}
