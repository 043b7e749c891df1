"""The same walls without bubblewrap: Python makes the namespaces itself. For machines where nothing can be installed."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, memory_file
from nephoscope.boundary.sandbox.layout import NOBODY, Layout, inside_files, layout
from nephoscope.boundary.sandbox.process import START_ENVIRONMENT
from nephoscope.boundary.sandbox.run import Descriptors
from nephoscope.boundary.sandbox.uids import identity
from nephoscope.boundary.sandbox.walled import Launch, WalledExecutor, attempt, bootstrap, zygote
from nephoscope.boundary.sandbox.warm import Opened
from nephoscope.models import Limits

SETGID, SETUID, SETPCAP, NET_ADMIN, SYS_ADMIN = 6, 7, 8, 12, 21
RIGHTS_OF_ZYGOTE = (SETPCAP, NET_ADMIN, SYS_ADMIN)
LAUNCHER = Path(__file__).with_name("launcher.py")


class UsernsExecutor(WalledExecutor):
    """The walls are made by ``launcher.py``; as root with a real uid for the script, else by a user namespace."""

    name = "userns"
    level = "userns"

    def _launch(self, stack: ExitStack, place: Layout, uid: int | None, limits: Limits) -> Launch:
        root = stack.enter_context(tempfile.TemporaryDirectory(prefix="nephoscope-root-"))
        spec = stack.enter_context(memory_file(b""))

        def command(inside: Descriptors) -> list[str]:
            os.pwrite(spec, _spec(place, root, uid, limits, bootstrap(place, inside)), 0)
            return _launcher(spec, inside.status)

        return command, (spec,)

    def _zygote(self, stack: ExitStack, place: Layout, control: int, *, root: bool) -> Opened:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nephoscope-root-"))
        status = stack.enter_context(memory_file(b""))
        rights = RIGHTS_OF_ZYGOTE + ((SETGID, SETUID) if root else ())
        # As root it stays root until it forks: only a script gets a uid of its own.
        spec = _spec(place, folder, 0 if root else None, Limits(), zygote(place, control), rights=rights)
        given = stack.enter_context(memory_file(spec))
        return _launcher(given, status), (given, status)

    def _try(self) -> str | None:
        if sys.platform != "linux" or not seccomp.supported():
            return f"needs Linux and system call tables, which are missing for {platform.machine()} processors: use a container executor"
        place = layout()
        with ExitStack() as stack:
            uid = stack.enter_context(identity())
            root = stack.enter_context(tempfile.TemporaryDirectory(prefix="nephoscope-root-"))
            status = stack.enter_context(memory_file(b""))
            nothing = [place.python, "-I", "-S", "-c", ""]
            spec = stack.enter_context(memory_file(_spec(place, root, uid, Limits(), nothing)))
            trouble = attempt(_launcher(spec, status), (spec, status))
        return trouble and f"namespaces cannot be made here ({trouble}): install bubblewrap, or allow unprivileged user namespaces"


def _launcher(spec: int, status: int) -> list[str]:
    return [sys.executable, "-I", "-B", str(LAUNCHER), str(spec), str(status)]


def _spec(place: Layout, root: str, uid: int | None, limits: Limits, command: Sequence[str], *, rights: Sequence[int] = ()) -> bytes:
    files = {name: text.decode() for name, text in inside_files().items()}
    walls = {"root": root, "binds": place.binds, "links": place.links, "files": files, "home": HOME}
    sizes = {"size": limits.disk_mb << 20, "files_limit": limits.files}
    who = {"uid": uid, "nobody": NOBODY, "rights": rights}
    return json.dumps({**walls, **sizes, **who, "command": command, "env": START_ENVIRONMENT}).encode()
