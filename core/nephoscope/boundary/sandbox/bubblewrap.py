"""One cold bubblewrap per script.

Started by root there is no user namespace: bubblewrap keeps just the rights ``setpriv`` needs to become a real unprivileged uid, so an
interpreter in a folder that only root may enter still works and process limits bind. Anybody else gets a user namespace.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.cold import ColdExecutor, Launch, attempt, bootstrap
from nephoscope.boundary.sandbox.job import HOME, ROOT, memory_file
from nephoscope.boundary.sandbox.layout import NOBODY, Layout, inside_files, layout
from nephoscope.boundary.sandbox.run import Descriptors
from nephoscope.boundary.sandbox.uids import as_root, identity
from nephoscope.models import Limits

NEEDED_OPTIONS = ("--size", "--perms", "--json-status-fd", "--seccomp", "--remount-ro")
RIGHTS_OF_SETPRIV = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")


class BubblewrapExecutor(ColdExecutor):
    """The walls are bubblewrap's."""

    name = "bubblewrap"
    level = "bubblewrap"

    def _launch(self, stack: ExitStack, place: Layout, uid: int | None, limits: Limits) -> Launch:
        files = {name: stack.enter_context(memory_file(text)) for name, text in inside_files().items()}
        # The bootstrap loads the same filter; this one holds bubblewrap's own first process, which may have the script's uid.
        code = stack.enter_context(memory_file(seccomp.program()))

        def command(inside: Descriptors) -> list[str]:
            walls = [*_namespaces(uid), *_mounts(place, files, limits), "--json-status-fd", str(inside.status), "--seccomp", str(code)]
            return [*walls, "--", *_drop(uid), *bootstrap(place, inside)]

        return command, (*files.values(), code)

    def _try(self) -> str | None:
        if not seccomp.supported():
            return f"no system call table for {platform.machine()} processors: use a container executor"
        if not shutil.which("bwrap"):
            return "bubblewrap is not installed: install the package `bubblewrap` (apt, dnf, apk, pacman)"
        offered = subprocess.run([_bwrap(), "--help"], capture_output=True, text=True, check=False, env={})
        missing = [option for option in NEEDED_OPTIONS if option not in offered.stdout + offered.stderr]
        if missing:
            return f"bubblewrap is too old, it lacks {', '.join(missing)}: install 0.7 or newer"
        if as_root() and not shutil.which("setpriv"):
            return "setpriv is not installed: install the package `util-linux`"
        with identity() as uid:
            place = layout()
            nothing = [*_namespaces(uid), *_mounts(place, {}, Limits()), "--", *_drop(uid), place.python, "-I", "-S", "-c", ""]
            trouble = attempt(nothing)
        return trouble and f"bubblewrap does not work here ({trouble}): {_remedy()}"


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


def _namespaces(uid: int | None) -> list[str]:
    kept = [word for right in RIGHTS_OF_SETPRIV for word in ("--cap-add", right)]
    user = ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)] if uid is None else []
    return [
        _bwrap(), *user, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", *(kept if uid is not None else []),
    ]  # fmt: skip


def _drop(uid: int | None) -> list[str]:
    if uid is None:
        return []
    setpriv = shutil.which("setpriv") or "setpriv"
    return [setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def _mounts(place: Layout, files: Mapping[str, int], limits: Limits) -> list[str]:
    """Folders that only lead somewhere are made first and passable, else bubblewrap makes them passable for nobody but root."""
    words: list[str] = []
    for folder in (*place.parents(), "/etc", ROOT, f"{ROOT}/lib"):
        words += ["--perms", "0755", "--dir", folder]
    for bind in place.binds:
        words += ["--ro-bind", bind, bind]
    for target, link in place.links:
        words += ["--symlink", target, link]
    for name, descriptor in files.items():
        words += ["--perms", "0444", "--file", str(descriptor), name]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(limits.disk_mb << 20), "--perms", "1777", "--tmpfs", HOME]
    return [*words, "--chdir", HOME, "--remount-ro", "/dev", "--remount-ro", "/"]


def _remedy() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if os.geteuid() != 0 and restricted.exists() and restricted.read_text().strip() == "1":
        return "AppArmor forbids user namespaces; allow them for bwrap with a profile, or set kernel.apparmor_restrict_unprivileged_userns=0"
    return "in a container, allow nested namespaces (for example seccomp and AppArmor unconfined), or use another executor"
