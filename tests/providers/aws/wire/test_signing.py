"""The table of signing names against the installed SDK."""

from __future__ import annotations

from collections import defaultdict

from nephoscope_aws.wire.models import loader
from nephoscope_aws.wire.signing import services_of


def test_every_service_is_found_by_the_name_it_signs_with() -> None:
    signing: dict[str, set[str]] = defaultdict(set)
    for service in loader().list_available_services("service-2"):
        metadata = loader().load_service_model(service, "service-2")["metadata"]
        signing[metadata.get("signingName", metadata["endpointPrefix"])].add(service)
    missing = {name: services - set(services_of(name)) for name, services in signing.items() if services - set(services_of(name))}
    assert not missing, f"add to signing.yaml: {missing}"
