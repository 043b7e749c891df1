"""Tries fixes in a child process: what is built there, asked and changed is data; nothing of it can reach an account."""

from __future__ import annotations

import contextlib
import json
import re
import select
from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.interfaces.errors import EndpointError
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Change, Identity, Reply, ResourceRef, Tried, texts
from nephoscope_aws.emulator.children import Child, forked, load
from nephoscope_aws.proving import seeders

MOST_STEPS = 400
"""More than that is no copy of what a fix is about."""


class AwsProver:
    """Implements :class:`nephoscope.interfaces.Prover`. One child for all attempts of an account, begun when there will soon be one."""

    cloud = "aws"
    observations = frozenset(
        {
            "s3:ListObjectsV2",
            "s3:ListObjects",
            "logs:FilterLogEvents",
            "cloudtrail:LookupEvents",
            "cloudwatch:ListMetrics",
            "stepfunctions:ListExecutions",
        }
    )
    incidental = (
        r"MacAddress|\w*DnsName|AttachmentId|\w*AssociationId|\w*OwnerId|RequesterId|DestinationPrefixListId|ETag|Size|\w*Time|\w*Date"
        "|ReservationId|RevisionId|CodeSha256|CodeSize|Id|ValidationStatus|NumberOfMountTargets|free_addresses|public_dns"
    )

    def __init__(self) -> None:
        self._child: Child | None = None

    def warm(self, identity: Identity) -> None:
        with contextlib.suppress(OSError):
            load()

    def attempt(
        self, replies: Sequence[Reply], about: Sequence[ResourceRef], gone: Sequence[ResourceRef], changes: Sequence[Change], seconds: float
    ) -> Tried:
        """Identifiers are those of the references and whatever the changes name."""
        known = seeders.kinds()
        lacking = {ref.native_type: "there is no seeder for this kind" for ref in about if ref.native_type not in known}
        if lacking:
            return Tried(lacking=lacking)
        names = [name for ref in about for name in (ref.native_id, ref.name, *re.split(r"[:/#]", ref.native_id)) if len(name) > 1]
        names += [text for change in changes for text in texts(dict(change.params))]
        plan = seeders.plan(replies, names, [name for ref in gone for name in (ref.native_id, ref.name) if name])
        if len(plan.steps) > MOST_STEPS:
            return Tried(lacking={"account": f"{len(plan.steps)} calls would be needed to build it again"})
        reads = _reads(replies, plan, {one.service for one in changes})
        account = next((reply.call.identity.account for reply in reads), "123456789012")
        region = next((change.region for change in changes if change.region), "")
        job = {
            "account": account,
            "region": region or next((reply.call.region for reply in reads), "us-east-1"),
            "seconds": seconds,
            "steps": plan.steps,
            "spellings": seeders.spellings(),
            "reads": [
                {
                    "id": one.call.id,
                    "service": one.call.service,
                    "operation": one.call.operation,
                    "region": one.call.region,
                    "account": one.call.identity.account,
                    "params": dict(one.call.params),
                }
                for one in reads
            ],
            "changes": [one.model_dump(mode="json") for one in changes],
        }
        told = self._run(job, seconds)
        return _tried(told, reads, plan.things)

    def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end(_STOP_SECONDS)

    def _run(self, job: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        self._child = self._child or forked("proving", seconds)
        said = _asked(self._child, json.dumps(job), seconds)
        if not said.startswith("{"):
            self.close()
            late = said == _LATE
            raise EndpointError(
                f"the emulator took longer than {seconds:g} s" if late else "the emulator ended before it answered",
                "" if late else "pip install 'nephoscope-aws[emulator]'",
            )
        answer: dict[str, Any] = json.loads(said)
        if "trouble" in answer:
            raise EndpointError(str(answer["trouble"]))
        return answer


_LATE = "late"
_STOP_SECONDS = 0.5


def _asked(child: Child, job: str, seconds: float) -> str:
    """The child's answer to one job; empty when it ended, ``late`` when it took too long."""
    try:
        child.stdin.write(job + "\n")
        child.stdin.flush()
    except OSError:
        return ""
    ready, _, _ = select.select([child.stdout], [], [], seconds)
    return child.stdout.readline() if ready else _LATE


def _reads(replies: Sequence[Reply], plan: seeders.Plan, changed: set[str]) -> list[Reply]:
    """The recorded questions about what is built, and inventories of its services; the last time that each was asked, first pages only."""
    services = changed | {kind.partition(":")[0] for kind in plan.kinds}
    found: dict[str, Reply] = {}
    for reply in replies:
        asked = {key: value for key, value in reply.call.params.items() if key not in PAGING}
        if len(asked) < len(reply.call.params) and reply.chain not in ("", reply.call.id):
            continue
        about = any(text in plan.names or re.split(r"[:/]", text)[-1] in plan.names for text in texts(asked))
        if about or (not any(texts(asked)) and reply.call.service in services):
            key = json.dumps([reply.call.name, reply.call.region, reply.call.identity.account, asked], sort_keys=True)
            found.pop(key, None)
            found[key] = reply
    return list(found.values())


def _tried(told: Mapping[str, Any], reads: Sequence[Reply], things: int) -> Tried:
    """Replies that fail there and did not here, or the other way round, tell nothing of the account: such questions are left out."""
    before, after = ({one["id"]: one for one in told[when]} for when in ("before", "after"))
    alike = [reply for reply in reads if bool(reply.error) == bool(before[reply.call.id]["error"])]
    return Tried(
        before=tuple(_again(reply, before[reply.call.id]) for reply in alike),
        after=tuple(_again(reply, after[reply.call.id]) for reply in alike),
        lacking=told["lacking"],
        refused=told["refused"],
        given=tuple(told["given"]),
        seeded=things,
    )


def _again(reply: Reply, told: Mapping[str, Any]) -> Reply:
    return reply.model_copy(
        update={"status": told["status"], "error": told["error"], "document": told["document"], "complete": not told["error"], "blob": ""}
    )
