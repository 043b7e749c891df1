"""Somebody's call on something, told without saying how it was answered."""

from __future__ import annotations

import re

from nephoscope.interfaces import FactView
from nephoscope.models import Problem, ResourceRef
from nephoscope_aws.access import actions, targets

_CALLERS = ("iam:role", "iam:user", "ec2:instance", "lambda:function")
_OPEN = frozenset({"suspicion", "error_status"})
_PRINCIPALS = ("iam:role", "iam:user")
_DONE_TO = (targets.MACHINE, "lambda:function")
_CONNECTING = frozenset({"cannot_connect", "refused"})
"""Words that leave open what is wrong: verbs in them may tell a call."""
_EVENT = re.compile(r"[\w-]*:?Object(?:Created|Removed|Restore|Tagging|Acl)\b")


def named_call(view: FactView) -> bool:
    """An operation of the service is named, with a caller and the thing it is for: "server x: s3:PutObject on bucket y fails"."""
    operations = [one for one in view.problem.actions if not _EVENT.match(one)]
    meant = view.problem.model_copy(update={"actions": tuple(operations)})
    return any(actions.named(meant, thing) for thing in _things(view))


def told_call(view: FactView) -> bool:
    """The same, or the verb for it, where the words leave open what is wrong: "function x fails when it writes to table y"."""
    if named_call(view):
        return True
    theirs = view.problem.matched(*_PRINCIPALS)  # who opens no connections and runs nothing, whatever is said
    if by_somebody(view.problem) or (theirs and any(actions.in_vain(view.problem, thing) for thing in _things(view))):
        return True
    spoken = view.problem.symptom in _OPEN or (view.problem.symptom in _CONNECTING and theirs)
    return bool(spoken) and any(actions.spoken(view.problem, thing) for thing in _things(view))


def by_somebody(problem: Problem) -> bool:
    """An identity cannot do to a machine or function what is done to one: start it, stop it, bring new code."""
    return bool(problem.matched(*_PRINCIPALS)) and any(actions.in_vain(problem, thing) for thing in problem.matched(*_DONE_TO))


def _things(view: FactView) -> list[ResourceRef]:
    """What callers other than itself may be calling."""
    callers = {ref.key for ref in view.problem.matched(*_CALLERS)}
    return [ref for ref in view.problem.matched(*targets.TYPES) if callers - {ref.key} and ref.native_type not in _CALLERS]
