"""Words of a cloud's interface, which prose may use although no recorded value holds them: operations, permissions, plain values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from nephoscope.interfaces import View
from nephoscope.models import Claim

Spoken = Callable[[str], bool]
"""Whether a word belongs to the interface, and so names no thing."""

_VALUES = frozenset("true false null none yes no on off enabled disabled active inactive allow deny any all default".split())
_OPERATION = re.compile(r"([a-z0-9-]+):([A-Za-z]+)\*?")


def vocabulary(view: View, claim: Claim) -> Spoken:
    """The words of the services that the claim's facts are from."""
    clouds = list(dict.fromkeys(one.cloud for one in view.identities))

    def spoken(word: str) -> bool:
        if word.lower() in _VALUES:
            return True
        permission = _OPERATION.fullmatch(word)
        if permission:
            return any(_known(permission[2], view.operations_of(cloud, permission[1])) for cloud in clouds)
        return word.isascii() and any(_known(word, view.operations_of(cloud, service)) for cloud in clouds for service in _services(claim, view))

    return spoken


def _services(claim: Claim, view: View) -> list[str]:
    facts = [fact for one in claim.predicates if (fact := view.by_id(one.fact))]
    named = [re.split(r"[:(]", fact.subject.native_id if fact.subject.kind == "reply" else fact.subject.native_type)[0] for fact in facts]
    return list(dict.fromkeys(named))


def _known(word: str, operations: Iterable[str]) -> bool:
    plain = _plain(word)
    return len(plain) > 3 and any(_plain(operation) == plain for operation in operations)


def _plain(word: str) -> str:
    return re.sub(r"[-_]", "", word).lower()
