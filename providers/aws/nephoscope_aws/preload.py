"""Imported once by a warm sandbox, before any script: the SDK, its models parsed, its lazy modules loaded.

Nothing of an account or a region is read or kept: sessions are made by scripts, from their own environment. Each shortcut keeps what the SDK
would build anew from the same files; where an upgrade has moved its place, scripts are slower and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

SERVICES: Mapping[str, str] = {
    "sts": "GetCallerIdentity", "ec2": "DescribeVpcs", "s3": "ListBuckets", "lambda": "ListFunctions", "iam": "ListRoles",
    "logs": "DescribeLogGroups", "sqs": "ListQueues", "events": "ListRules", "dynamodb": "ListTables", "sns": "ListTopics",
    "cloudwatch": "ListMetrics", "rds": "DescribeEvents", "elbv2": "DescribeLoadBalancers", "cloudtrail": "ListTrails", "kms": "ListKeys",
    "ecs": "ListClusters",
}  # fmt: skip
"""What most investigations ask, first things first: a call of each, rehearsed without a network."""
KEYS = {"aws_access_key_id": "worthless", "aws_secret_access_key": "worthless"}
LAZY = (
    "boto3.dynamodb.conditions", "boto3.ec2.createtags", "boto3.resources.factory", "boto3.s3.inject", "boto3.s3.transfer",
    "botocore.httpsession", "botocore.paginate", "botocore.parsers", "botocore.retries.adaptive", "botocore.retries.standard",
    "botocore.retryhandler", "botocore.serialize", "botocore.signers", "botocore.waiter", "concurrent.futures.thread", "dateutil.parser",
    "dateutil.tz", "encodings.idna", "s3transfer.manager", "urllib3.contrib", "xml.etree.ElementTree",
)  # fmt: skip


def prepare() -> None:
    """The SDK, and the places where it would build the same thing again."""
    for name in LAZY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    share_loader()
    share_models()
    share_rules()
    share_events()


def share_loader() -> None:
    """Model files are read once, whoever makes the session. A session that names folders of its own gets a loader of its own."""
    import botocore.loaders
    import botocore.session

    original = botocore.loaders.create_loader
    usual = functools.cache(original)

    def create_loader(search_path_string: str | None = None) -> Any:
        return usual() if search_path_string is None else original(search_path_string)

    botocore.loaders.create_loader = create_loader
    if getattr(botocore.session, "create_loader", None) is original:
        botocore.session.create_loader = create_loader


def share_models() -> None:
    """A parsed model, and the methods made from it, belong to the document they were made from."""
    from botocore.client import ClientCreator
    from botocore.model import ServiceModel

    for name, key in (("_load_service_model", None), ("_create_methods", "document")):
        original = getattr(ClientCreator, name, None)
        if original is not None:
            setattr(ClientCreator, name, _loaded(original, ServiceModel) if key is None else _copied(original))


def _loaded(original: Callable[..., Any], kind: type) -> Callable[..., Any]:
    known: dict[tuple[str, str | None], Any] = {}

    @functools.wraps(original)
    def load(self: Any, service_name: str, api_version: str | None = None) -> Any:
        if not hasattr(self._loader, "file_loader") or self._loader is not _usual_loader():
            return original(self, service_name, api_version)
        key = service_name, api_version
        if key not in known:
            known[key] = original(self, service_name, api_version)
        return known[key]

    return load


def _copied(original: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[int, tuple[Any, dict[str, Any]]] = {}

    @functools.wraps(original)
    def create(self: Any, service_model: Any) -> Any:
        if id(service_model) not in known:
            known[id(service_model)] = service_model, original(self, service_model)
        return dict(known[id(service_model)][1])

    return create


def share_rules() -> None:
    """Rules that find endpoints are parsed once per document."""
    import botocore.endpoint_provider as provider

    original = getattr(provider, "RuleSet", None)
    if original is None:
        return
    known: dict[int, tuple[Any, Any]] = {}

    @functools.wraps(original, updated=())
    def rule_set(**document: Any) -> Any:
        key = id(document.get("rules"))
        if key not in known:
            known[key] = document, original(**document)
        return known[key][1]

    provider.RuleSet = rule_set


def share_events() -> None:
    """Names of events, and what their handlers accept, do not change."""
    from botocore import hooks

    if hasattr(hooks, "accepts_kwargs"):
        hooks.accepts_kwargs = functools.cache(hooks.accepts_kwargs)
    original, names = hooks.EventAliaser.__init__, dict[str, str]()

    @functools.wraps(original)
    def initialise(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        original(self, event_emitter, event_aliases)
        if hasattr(self, "_alias_name_cache") and event_aliases in (None, getattr(hooks, "EVENT_ALIASES", None)):
            self._alias_name_cache = names

    hooks.EventAliaser.__init__ = initialise


def _usual_loader() -> Any:
    import botocore.loaders

    return botocore.loaders.create_loader()


def rehearse(service: str) -> None:
    """Make a client and one call that never leaves: whatever is read, parsed and compiled on the way is there for every script."""
    from botocore import xform_name
    from botocore.awsrequest import AWSResponse
    from botocore.session import Session

    class Answer(io.BytesIO):
        def stream(self, **_: object) -> Iterator[bytes]:
            yield self.read()

    operation = SERVICES[service]
    session = Session(profile=None)
    for name, value in (("region", "us-east-1"), ("config_file", "/dev/null"), ("credentials_file", "/dev/null"), ("data_path", None)):
        session.set_config_variable(name, value)
    client = session.create_client(service, region_name="us-east-1", endpoint_url="http://127.0.0.1:9", **KEYS)
    empty = b"{}" if "json" in client.meta.service_model.resolved_protocol else f"<r><{operation}Result/></r>".encode()
    client.meta.events.register("before-send", lambda request, **_: AWSResponse(request.url, 200, {}, Answer(empty)))
    getattr(client, xform_name(operation))()


prepare()
STEPS: Sequence[Callable[[], object]] = tuple(functools.partial(rehearse, service) for service in SERVICES)
"""Done one by one while nobody waits."""
