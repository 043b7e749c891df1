"""Service models of the SDK, loaded when first needed and shared by all threads."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel
    from botocore.paginate import PaginatorModel

Shape: TypeAlias = Any
"""A shape of a service model. The SDK tells its kinds apart by ``type_name``, not by type."""


@cache
def loader() -> Loader:
    """Our own loader: clients change the models they are built from, ours stay as published."""
    from botocore.loaders import create_loader

    return create_loader()


_services: dict[str, ServiceModel | None] = {}


def service_model(service: str) -> ServiceModel | None:
    """The model of a service by its SDK name; ``None`` when the SDK has no such service."""
    if service not in _services:
        _services[service] = _read(service)
    return _services[service]


def services_read() -> list[str]:
    """Services whose models this process has loaded."""
    return [name for name, model in list(_services.items()) if model is not None]


def _read(service: str) -> ServiceModel | None:
    from botocore.exceptions import DataNotFoundError, UnknownServiceError
    from botocore.model import ServiceModel

    try:
        return ServiceModel(loader().load_service_model(service, "service-2"), service)
    except (DataNotFoundError, UnknownServiceError):
        return None


@cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """The model of one operation; ``None`` when there is none of that name."""
    model = service_model(service)
    if model is None or operation not in model.operation_names:
        return None
    return model.operation_model(operation)


@cache
def paginators(service: str) -> PaginatorModel | None:
    """How the service's lists continue; ``None`` when it has no lists that do."""
    from botocore.exceptions import DataNotFoundError, UnknownServiceError
    from botocore.paginate import PaginatorModel

    try:
        return PaginatorModel(loader().load_service_model(service, "paginators-1"))
    except (DataNotFoundError, UnknownServiceError):
        return None
