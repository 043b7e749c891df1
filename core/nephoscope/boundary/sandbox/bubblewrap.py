"""The walls by bubblewrap: around a warm interpreter that forks scripts, or around each script.

Started by root there is no user namespace: bubblewrap keeps just the rights ``setpriv`` needs to become a real unprivileged uid, so an
interpreter in a folder that only root may enter still works and process limits bind. Anybody else gets a user namespace.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, ROOT, memory_file
from nephoscope.boundary.sandbox.layout import NOBODY, Layout, inside_files, layout
from nephoscope.boundary.sandbox.process import START_ENVIRONMENT
from nephoscope.boundary.sandbox.run import Descriptors
from nephoscope.boundary.sandbox.uids import as_root, identity
from nephoscope.boundary.sandbox.walled import Launch, WalledExecutor, attempt, bootstrap, zygote
from nephoscope.boundary.sandbox.warm import Opened
from nephoscope.models import Limits

NEEDED_OPTIONS = ("--clearenv", "--size", "--perms", "--json-status-fd", "--seccomp", "--remount-ro")
RIGHTS_OF_SETPRIV = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
RIGHTS_OF_ZYGOTE = ("CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SETPCAP")


class BubblewrapExecutor(WalledExecutor):
    """The walls are bubblewrap's."""

    name = "bubblewrap"
    level = "bubblewrap"
    _proc = True
    """Whether a fresh /proc is allowed; where one around us hides parts of its own it is not, and scripts do without."""

    def _launch(self, stack: ExitStack, place: Layout, uid: int | None, limits: Limits) -> Launch:
        files = {name: stack.enter_context(memory_file(text)) for name, text in inside_files().items()}
        # The bootstrap loads the same filter; this one holds bubblewrap's own first process, which may have the script's uid.
        code = stack.enter_context(memory_file(seccomp.program()))

        def command(inside: Descriptors) -> list[str]:
            walls = [*_namespaces(_kept(uid), user=uid is None), *self._mounts(place, files, limits)]
            return [*walls, "--json-status-fd", str(inside.status), "--seccomp", str(code), "--", *_drop(uid), *bootstrap(place, inside)]

        return command, (*files.values(), code)

    def _zygote(self, stack: ExitStack, place: Layout, control: int, *, root: bool) -> Opened:
        files = {name: stack.enter_context(memory_file(text)) for name, text in inside_files().items()}
        rights = (*RIGHTS_OF_ZYGOTE, *(("CAP_SETUID", "CAP_SETGID") if root else ()))
        walls = [*_namespaces(rights, user=not root), *self._mounts(place, files, Limits())]
        return [*walls, "--", *zygote(place, control)], tuple(files.values())

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
            for self._proc in (True, False):
                walls = [*_namespaces(_kept(uid), user=uid is None), *self._mounts(place, {}, Limits())]
                trouble = attempt([*walls, "--", *_drop(uid), place.python, "-I", "-S", "-c", ""])
                if not trouble:
                    break
        return trouble and f"bubblewrap does not work here ({trouble}): {_remedy()}"

    def _mounts(self, place: Layout, files: Mapping[str, int], limits: Limits) -> list[str]:
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
        words += ["--proc" if self._proc else "--dir", "/proc", "--dev", "/dev"]
        words += ["--size", str(limits.disk_mb << 20), "--perms", "1777", "--tmpfs", HOME]
        return [*words, "--chdir", HOME, "--remount-ro", "/dev", "--remount-ro", "/"]


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


def _kept(uid: int | None) -> Sequence[str]:
    return RIGHTS_OF_SETPRIV if uid is not None else ()


def _namespaces(rights: Sequence[str], *, user: bool) -> list[str]:
    identity = ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)] if user else []
    variables = [word for name, value in START_ENVIRONMENT.items() for word in ("--setenv", name, value)]
    return [
        _bwrap(), *identity, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--cap-drop", "ALL", *(word for right in rights for word in ("--cap-add", right)),
        "--clearenv", *variables,
    ]  # fmt: skip


def _drop(uid: int | None) -> list[str]:
    if uid is None:
        return []
    setpriv = shutil.which("setpriv") or "setpriv"
    return [setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def _remedy() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if os.geteuid() != 0 and restricted.exists() and restricted.read_text().strip() == "1":
        return "AppArmor forbids user namespaces; allow them for bwrap with a profile, or set kernel.apparmor_restrict_unprivileged_userns=0"
    return "in a container, allow nested namespaces (for example seccomp and AppArmor unconfined), or use another executor"
