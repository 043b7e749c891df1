"""What the hops stand on: route tables, ACLs and gateways of a network, as documents with their references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network import acls, routes

Document = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A route table with its reference."""

    ref: ResourceRef
    document: Document

    @property
    def routes(self) -> list[Document]:
        return list(self.document["Routes"])


def tables(sight: Sight, vpc: ResourceRef) -> list[Table]:
    """Every route table of a network."""
    refs = [refer("ec2:route-table", str(key), vpc) for key in sight.value(vpc, "route_tables") or ()]
    found = sight.all_of([(ref, attribute) for ref in refs for attribute in ("routes", "associations")])
    pairs = zip(found[::2], found[1::2], strict=True)
    return [Table(ref, {"Routes": own or [], "Associations": held or []}) for ref, (own, held) in zip(refs, pairs, strict=True)]


def table_of(sight: Sight, vpc: ResourceRef, subnet: ResourceRef) -> tuple[Table | None, bool]:
    """The table a subnet uses, and whether it is associated explicitly."""
    known = tables(sight, vpc)
    document, explicit = routes.table_of(subnet.native_id, [table.document for table in known])
    return next((table for table in known if table.document is document), None), explicit


def acl_of(sight: Sight, vpc: ResourceRef, subnet: ResourceRef) -> tuple[ResourceRef, list[Document]] | None:
    """The ACL of a subnet and its entries."""
    refs = [refer("ec2:network-acl", str(key), vpc) for key in sight.value(vpc, "network_acls") or ()]
    found = sight.all_of([(ref, attribute) for ref in refs for attribute in ("entries", "associations")])
    documents = [
        {"Ref": ref, "Entries": entries or [], "Associations": held or []} for ref, entries, held in zip(refs, found[::2], found[1::2], strict=True)
    ]
    chosen = acls.acl_of(subnet.native_id, documents)
    return (chosen["Ref"], chosen["Entries"]) if chosen else None


def gateways(sight: Sight, vpc: ResourceRef) -> list[str]:
    """Ids of the internet gateways attached to a network."""
    return [str(key) for key in sight.value(vpc, "internet_gateways") or ()]
