"""A uid of its own for every sandbox that root starts: limits count per uid, and one sandbox's processes cannot signal another's."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from nephoscope.interfaces import IsolationError

UNUSED = 0x7A000000
"""The start of a range that no distribution hands out."""
COUNT = 64
NEEDED = 1 << 6 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 21
"""CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_NET_ADMIN and CAP_SYS_ADMIN."""


def first_uid(uid_map: str | None = None) -> int | None:
    """Start of ``COUNT`` uids that exist in this user namespace and belong to nobody; ``None`` where there are not so many."""
    text = Path("/proc/self/uid_map").read_text() if uid_map is None else uid_map
    ranges = [(int(inside), int(count)) for inside, _, count in (line.split() for line in text.splitlines())]
    if any(start <= UNUSED and start + count >= UNUSED + COUNT for start, count in ranges):
        return UNUSED
    wide = [start + count for start, count in ranges if count > 1000 + 2 * COUNT]
    return max(wide) - 2 * COUNT if wide else None


def _rights() -> int:
    """Effective capabilities: root in a container may have few."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapEff:")), 0)


@contextlib.contextmanager
def leased_uid() -> Iterator[int]:
    """A uid that no other sandbox of this machine has now. The lease is an abstract socket's name: it ends with this process."""
    first = first_uid()
    for uid in range(first or 0, (first or 0) + COUNT if first else 0):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as lease:
            try:
                lease.bind(f"\0nephoscope-sandbox-{uid}")
            except OSError:
                continue
            yield uid
            return
    raise IsolationError("no free uid for another sandbox", f"at most {COUNT} run at once on one machine")


def as_root() -> bool:
    """Whether root starts the sandboxes, with root's rights and uids to give away; otherwise a user namespace does it."""
    return os.geteuid() == 0 and first_uid() is not None and _rights() & NEEDED == NEEDED


@contextlib.contextmanager
def identity() -> Iterator[int | None]:
    """The real uid to become, or ``None`` where a user namespace does it."""
    if not as_root():
        yield None
        return
    with leased_uid() as uid:
        yield uid
