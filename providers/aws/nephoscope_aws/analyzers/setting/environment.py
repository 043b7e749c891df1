"""What a function's own settings name, where the words name only the service that turns it away, or nothing but the function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nephoscope.interfaces import FactView
from nephoscope.knowledge.symptoms import states
from nephoscope.models import ResourceRef
from nephoscope_aws.access import actions, targets
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.spoken import refused
from nephoscope_aws.analyzers.setting.functions import meaning
from nephoscope_aws.looking.look import hidden
from nephoscope_aws.looking.referring import estate, refer

_SECRETS = "secretsmanager:secret"
_SECRET = re.compile(r"(^|_)SECRET(_?(NAME|ID|ARN))?$", re.IGNORECASE)
"""A setting that holds the name of a secret, or the secret itself: believed where a secret is called so."""


def named_by(view: FactView, workload: ResourceRef | None, lens: Lens) -> tuple[ResourceRef, ...]:
    """Things that exist and that a value of the function's environment names: of the kinds that the words speak of, else those that may be meant."""
    if workload is None or workload.native_type != "lambda:function":
        return ()
    spoken = dict.fromkeys(one for mention in estate().mentions(view.problem.text) if not mention.exact for one in mention.native_types)
    types = [one for one in spoken if one in targets.TYPES and one != workload.native_type]
    known, environment = lens.look(workload, "environment")
    if not known or not isinstance(environment, dict):
        return ()
    if not types:
        return tuple(dict.fromkeys(_meant(view, workload, environment, lens)))
    for native_type in types:
        if view.complete(native_type) is None and not refused(view, native_type):
            lens.want(native_type, "complete")
    values = {str(value) for value in environment.values() if value}
    return tuple(one for native_type in types for one in view.subjects(native_type) if {one.name, one.native_id, f"/{one.name}"} & values)


def _meant(view: FactView, workload: ResourceRef, environment: Mapping[str, object], lens: Lens) -> Iterator[ResourceRef]:
    """Things that the settings name and the words may be about: they share a word with them, or tell of nothing that is done to any thing."""
    text = view.problem.text
    for entity in view.problem.entities:
        text = text.replace(entity.text, " ") if workload in entity.matches else text
    said, denied = set(_parts(text)), states(text, "access_denied")
    for key, value in ((key, value) for key, value in environment.items() if not hidden(value)):
        native_type, name = (_SECRETS, str(value)) if _SECRET.search(str(key)) else meaning(str(key), str(value))
        thing = refer(view, workload, native_type, name) if native_type in targets.TYPES else None
        if thing is None or thing.key == workload.key:
            continue
        told = not said.isdisjoint((*_parts(thing.name), *_parts(str(key))))
        if told or (denied and not actions.spoken(view.problem, thing)):
            yield from _there(view, thing, lens)


def _there(view: FactView, thing: ResourceRef, lens: Lens) -> Iterator[ResourceRef]:
    """The thing, where it exists. Of a secret the name does not tell the whole identifier."""
    if thing.native_type != _SECRETS:
        yield from (thing,) if lens.look(thing, "exists") == (True, True) else ()
        return
    called = [one for one in view.subjects(_SECRETS) if thing.name in (one.name, one.native_id)]
    if not called and view.complete(_SECRETS) is None and not refused(view, _SECRETS):
        lens.want(_SECRETS, "complete")
    yield from called


def _parts(text: str) -> Iterator[str]:
    """Words, the plural and the singular as one."""
    return (word.removesuffix("s") for word in re.findall(r"[a-z0-9]{2,}", text.lower()))
