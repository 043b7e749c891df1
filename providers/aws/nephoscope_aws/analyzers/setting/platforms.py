"""Deployments, certificates, workflows, interfaces: the first failure, the name that is not covered, the step that leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from nephoscope.models import FactQuery, JsonValue, texts
from nephoscope_aws.access.routes import concerned, routes
from nephoscope_aws.access.things import FUNCTION_ARN
from nephoscope_aws.analyzers.delivering.mending import known
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.containers import lost
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend, rows
from nephoscope_aws.looking.referring import refer
from nephoscope_aws.looking.times import moment

_HOST = re.compile(r"(?<![\w@.-])((?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})(?![\w-])", re.IGNORECASE)
_FAILED = re.compile(r"(?:CREATE|UPDATE|DELETE|IMPORT|ROLLBACK)_FAILED$|ROLLBACK")
_CANCELLED = re.compile(r"cancell?ed|initiated by", re.IGNORECASE)
LONGEST = timedelta(days=1)


def hosts(text: str) -> list[str]:
    """Host names in a text, in lower case."""
    return [match[1].lower() for match in _HOST.finditer(text) if not match[1].lower().endswith((".amazonaws.com", ".py", ".js", ".json", ".yaml"))]


def covers(pattern: str, host: str) -> bool:
    """Whether a certificate's name covers a host; a star stands for exactly one label."""
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:].lower()
    return pattern.lower() == host


def certificate_misses_host(judging: Judging) -> Truth:
    """The words name a host below one of the certificate's domains that it does not cover."""
    names = judging.look.value(judging.subject, "names")
    if names is UNKNOWN:
        return None
    own = [str(name) for name in names] if isinstance(names, list) else []
    domains = {name.removeprefix("*.").lower() for name in own}
    for host in hosts(judging.view.problem.text):
        akin = any(host.endswith(f".{domain}") or domain.endswith(f".{host}") for domain in domains)
        if akin and not any(covers(name, host) for name in own):
            judging.details |= {"host": host, "names": list[JsonValue](own)}
            judging.suppose.append(mend(judging.subject, "names", [*own, host]))
            return True
    return False


def stack_failed(judging: Judging) -> Truth:
    """Which resource failed first in the stack's last operation."""
    status = judging.look.value(judging.subject, "status")
    if status is UNKNOWN:
        return None
    judging.details["status"] = str(status)
    if not _FAILED.search(str(status)) or status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
        return False
    events = judging.look.value(judging.subject, "events")
    if events is UNKNOWN:
        return None
    first = _first_failure(rows(events), judging.subject.label)
    if first is None:
        return None
    reason = str(first.get("ResourceStatusReason") or "no reason is told")
    judging.details |= {"resource": str(first.get("LogicalResourceId")), "type": str(first.get("ResourceType")), "reason": reason}
    return True


def _first_failure(events: list[Mapping[str, Any]], stack: str) -> Mapping[str, Any] | None:
    """The earliest failure since the last operation began; what was cancelled because of it failed later."""
    ordered = sorted(events, key=lambda one: str(one.get("Timestamp")))
    begun = [index for index, one in enumerate(ordered) if one.get("LogicalResourceId") == stack and _begins(one)]
    since = ordered[begun[-1] :] if begun else ordered
    failed = [one for one in since if str(one.get("ResourceStatus")).endswith("_FAILED") and one.get("LogicalResourceId") != stack]
    return next((one for one in failed if not _CANCELLED.search(str(one.get("ResourceStatusReason")))), failed[0] if failed else None)


def _begins(event: Mapping[str, Any]) -> bool:
    return event.get("ResourceStatus") in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS")


def workflow_target_missing(judging: Judging) -> Truth:
    """A function that the definition names does not exist."""
    definition = judging.look.value(judging.subject, "definition")
    if definition is UNKNOWN:
        return None
    named = dict.fromkeys(arn for text in texts(definition) for arn in FUNCTION_ARN.findall(text))
    return lost(judging, [refer(judging.view, judging.subject, "lambda:function", arn) for arn in named])


def workflow_swallows(judging: Judging) -> Truth:
    """Whatever goes wrong in a step is caught, and the execution ends as if nothing had."""
    definition = judging.look.value(judging.subject, "definition")
    if definition is UNKNOWN:
        return None
    whole: Mapping[str, Any] = definition if isinstance(definition, dict) else {}
    known = {name: one for name, one in (whole.get("States") or {}).items() if isinstance(one, dict)}
    for name, state in known.items():
        for catch in rows(state.get("Catch")):
            end = known.get(str(catch.get("Next")), {})
            ends_well = end.get("Type") == "Succeed" or (end.get("Type") == "Pass" and end.get("End") is True)
            if ends_well and {"States.ALL", "States.TaskFailed"} & set(catch.get("ErrorEquals") or ()):
                judging.details |= {"step": name, "end": str(catch.get("Next"))}
                bare = {one: {key: value for key, value in held.items() if key != "Catch"} for one, held in known.items()}
                judging.suppose.append(mend(judging.subject, "definition", {**whole, "States": bare}))
                return True
    return False


def workflow_hangs(judging: Judging) -> Truth:
    """An execution runs for longer than a day, and nothing limits it."""
    definition, executions = judging.look.value(judging.subject, "definition"), judging.look.value(judging.subject, "executions")
    now = moment(judging.view.problem.now)
    if definition is UNKNOWN or executions is UNKNOWN or now is None:
        return None
    limited = isinstance(definition, dict) and "TimeoutSeconds" in definition
    running = [str(one.get("startDate")) for one in rows(executions) if one.get("status") == "RUNNING"]
    old = [since for since in running if (then := moment(since)) and now - then > LONGEST]
    judging.details["since"] = old[0] if old else ""
    judging.suppose.append(mend(judging.subject, "executions", []))
    return bool(old) and not limited


def last_execution_succeeded(judging: Judging) -> Truth:
    """The newest finished execution went well."""
    executions = judging.look.value(judging.subject, "executions")
    if executions is UNKNOWN:
        return None
    ended = [one for one in rows(executions) if one.get("status") != "RUNNING"]
    newest = max(ended, key=lambda one: str(one.get("startDate")), default=None)
    judging.details["last"] = str(newest.get("status")) if newest else "none"
    return newest is not None and newest.get("status") == "SUCCEEDED"


def _methods(judging: Judging) -> list[tuple[str, str, Mapping[str, Any]]] | None:
    """Those that the words are about, with their paths."""
    resources = judging.look.value(judging.subject, "resources")
    if resources is UNKNOWN:
        return None
    title = judging.look.value(judging.subject, "title")
    judging.details["title"] = str(title) if title is not UNKNOWN else judging.subject.label
    meant = {(one.method, one.path) for one in concerned(routes(resources), judging.view.problem.text)}
    return [
        (name, str(one.get("path")), method)
        for one in rows(resources)
        for name, method in (one.get("resourceMethods") or {}).items()
        if isinstance(method, dict) and (name, str(one.get("path"))) in meant
    ]


def api_integration_missing(judging: Judging) -> Truth:
    """A method has no integration."""
    methods = _methods(judging)
    if methods is None:
        return None
    bare = [(name, path) for name, path, method in methods if method and not method.get("methodIntegration")]
    if bare:
        judging.details |= {"method": bare[0][0], "path": bare[0][1]}
        judging.suppose.append(mend(judging.subject, "resources", []))
    return bool(bare)


def api_function_missing(judging: Judging) -> Truth:
    """An integration calls a function that does not exist."""
    methods = _methods(judging)
    if methods is None:
        return None
    for name, path, method in methods:
        for arn in FUNCTION_ARN.findall(str((method.get("methodIntegration") or {}).get("uri"))):
            gone = lost(judging, [refer(judging.view, judging.subject, "lambda:function", arn)])
            if gone is not False:
                judging.details |= {"method": name, "path": path}
                return gone
    return False


def api_key_useless(judging: Judging) -> Truth:
    """A method wants a key, and no usage plan says whose keys are good for this API."""
    methods = _methods(judging)
    if methods is None:
        return None
    guarded = [(name, path) for name, path, method in methods if method.get("apiKeyRequired") is True]
    if not guarded:
        return False
    all_plans = refer(judging.view, judging.subject, "apigateway:usage-plans", f"{judging.subject.account}/{judging.subject.region}")
    plans = judging.look.value(all_plans, "plans") if all_plans else UNKNOWN
    if plans is UNKNOWN or all_plans is None:
        return None
    covering = [plan for plan in rows(plans) if any(stage.get("apiId") == judging.subject.native_id for stage in rows(plan.get("apiStages")))]
    judging.details |= {"method": guarded[0][0], "path": guarded[0][1]}
    supposed: JsonValue = {"name": "supposed", "apiStages": [{"apiId": judging.subject.native_id}]}
    judging.suppose.append(mend(all_plans, "plans", [*rows(plans), supposed]))
    if covering:
        return False
    return True if _planned(judging) else None


def _planned(judging: Judging) -> bool:
    """What a plan would hold, where there is but one stage and no key, or one; ``False`` while that may still be asked."""
    view, subject = judging.view, judging.subject
    every = refer(view, subject, "apigateway:keys", f"{subject.account}/{subject.region}/keys")
    wanted = [(subject, "stages"), *([(every, "keys")] if every else [])]
    unread = [FactQuery(subject=one[0], attribute=one[1]) for one in wanted if view.fact(*one) is None]
    waiting = [one for one in unread if judging.awaits(one)]
    if waiting:
        return False
    stages, keys = rows(known(view, subject, "stages")), rows(known(view, every, "keys")) if every else []
    if every is None or unread or len(stages) != 1 or len(keys) > 1 or hidden([(one.get("id"), one.get("name")) for one in keys]):
        return True
    judging.details["stage"] = str(stages[0].get("stageName"))
    if not keys:
        judging.details["new_key"] = f"{judging.details['title']}-callers"
    elif keys[0].get("enabled"):
        judging.details |= {"only_key": str(keys[0].get("name") or keys[0].get("id")), "only_key_id": str(keys[0].get("id"))}
    return True


def api_key_off(judging: Judging) -> Truth:
    """A method wants a key, and the one that the words name is switched off; or all are."""
    methods = _methods(judging)
    guarded = [(name, path) for name, path, method in methods or () if method.get("apiKeyRequired") is True]
    if not guarded:
        return None if methods is None else False
    every = refer(judging.view, judging.subject, "apigateway:keys", f"{judging.subject.account}/{judging.subject.region}/keys")
    listed = judging.look.value(every, "keys") if every else UNKNOWN
    if listed is UNKNOWN or every is None:
        return None
    keys = rows(listed)
    text = judging.view.problem.text.lower()
    named = [one for one in keys if one.get("name") and re.search(rf"(?<![\w-]){re.escape(str(one['name']).lower())}(?![\w-])", text)]
    off = [one for one in named or keys if one.get("enabled") is False]
    if not off or (not named and len(off) < len(keys)):
        return None if off else False  # whose key is used is not said
    judging.details |= {
        "method": guarded[0][0],
        "path": guarded[0][1],
        "key": str(off[0].get("name") or off[0].get("id")),
        "key_id": str(off[0].get("id")),
    }
    judging.suppose.append(mend(every, "keys", [{**one, "enabled": True} for one in keys]))
    return True


def api_throttled(judging: Judging) -> Truth:
    """A stage has a throttle of its own."""
    stages = judging.look.value(judging.subject, "stages")
    if stages is UNKNOWN:
        return None
    title = judging.look.value(judging.subject, "title")
    for stage in rows(stages):
        for settings in (stage.get("methodSettings") or {}).values():
            rate = settings.get("throttlingRateLimit")
            if isinstance(rate, int | float) and 0 <= rate < 10000:
                told: dict[str, JsonValue] = {"stage": str(stage.get("stageName")), "rate": rate, "burst": settings.get("throttlingBurstLimit")}
                judging.details |= {**told, "title": str(title)}
                judging.suppose.append(mend(judging.subject, "stages", [{**stage, "methodSettings": {}}]))
                return True
    return False


def logs_destination_missing(judging: Judging) -> Truth:
    """A subscription filter leads to something that does not exist."""
    filters = judging.look.value(judging.subject, "subscription_filters")
    if filters is UNKNOWN:
        return None
    kinds = {"lambda": "lambda:function", "kinesis": "kinesis:stream", "firehose": "firehose:stream"}
    named = [str(one.get("destinationArn")) for one in rows(filters)]
    refs = [refer(judging.view, judging.subject, kinds[arn.split(":")[2]], arn) for arn in named if arn.count(":") > 4 and arn.split(":")[2] in kinds]
    return lost(judging, refs)


JUDGES: Mapping[str, Judge] = named_judge(
    certificate_misses_host, stack_failed, workflow_target_missing, workflow_hangs, workflow_swallows, last_execution_succeeded,
    api_integration_missing, api_function_missing, api_key_useless, api_key_off, api_throttled, logs_destination_missing,
)  # fmt: skip
