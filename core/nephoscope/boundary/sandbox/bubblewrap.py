"""One cold bubblewrap per script.

Started by root there is no user namespace: bubblewrap keeps just the rights ``setpriv`` needs to become a real unprivileged uid, so an
interpreter in a folder that only root may enter still works and process limits bind. Anybody else gets a user namespace.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, ROOT, Job, environment, home_files, rlimits
from nephoscope.boundary.sandbox.layout import Layout, layout
from nephoscope.boundary.sandbox.run import Descriptors, Run
from nephoscope.boundary.sandbox.uids import first_uid, leased_uid
from nephoscope.interfaces import ListenerReady
from nephoscope.models import ExecutionResult, Limits, Surroundings

NEEDED_OPTIONS = ("--size", "--perms", "--json-status-fd", "--seccomp", "--remount-ro")
RIGHTS_OF_SETPRIV = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
NOBODY = 65534
SYSTEM_FILES = {
    "/etc/passwd": f"script:x:{NOBODY}:{NOBODY}::{HOME}:/usr/sbin/nologin\n",
    "/etc/group": f"script:x:{NOBODY}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
OWN_FILES = {f"{ROOT}/bootstrap.py": "bootstrap.py", f"{ROOT}/lib/nephoscope_script.py": "nephoscope_script.py"}


class BubblewrapExecutor:
    """Runs each script in namespaces of its own with nothing in them but the interpreter, its packages and a private home."""

    name = "bubblewrap"
    level = "bubblewrap"

    def __init__(self) -> None:
        self._layout: Layout | None = None
        self._verdict: tuple[str | None] | None = None

    def available(self) -> str | None:
        if self._verdict is None:
            self._verdict = (self._try(),)
        return self._verdict[0]

    async def open(self, preloads: Sequence[str]) -> None:
        """Look once at what to bind. Without a warm interpreter there is nothing to preload; only the modules' folders are bound."""
        self._layout = layout(preloads)

    async def execute(
        self, source: str, surroundings: Surroundings, params: Mapping[str, object], limits: Limits, listener: ListenerReady
    ) -> ExecutionResult:
        place = self._layout or layout()
        job = Job(
            source=source,
            env=environment(surroundings, params),
            files=home_files(surroundings),
            rlimits=rlimits(limits),
            path=(f"{ROOT}/lib", *place.path),
            landlock={"read": ["/"], "write": [HOME, "/dev/null"]},
        )
        with _identity() as uid, contextlib.ExitStack() as stack:
            files = {name: stack.enter_context(_readable(text)) for name, text in _files().items()}
            code = stack.enter_context(_readable(seccomp.program()))

            def command(inside: Descriptors) -> list[str]:
                head = [*_namespaces(uid), *_mounts(place, files, limits), "--json-status-fd", str(inside.status), "--seccomp", str(code)]
                return [*head, "--", *_drop(uid), place.python, "-I", "-B", f"{ROOT}/bootstrap.py", *inside.arguments()]

            return await Run(job, limits, command, extra=(*files.values(), code)).result(listener)

    async def close(self) -> None:
        """Nothing stays between scripts."""

    def _try(self) -> str | None:
        if not seccomp.supported():
            return f"no system call table for {platform.machine()} processors: use a container executor"
        if not shutil.which("bwrap"):
            return "bubblewrap is not installed: install the package `bubblewrap` (apt, dnf, apk, pacman)"
        offered = subprocess.run([_bwrap(), "--help"], capture_output=True, text=True, check=False, env={})
        missing = [option for option in NEEDED_OPTIONS if option not in offered.stdout + offered.stderr]
        if missing:
            return f"bubblewrap is too old, it lacks {', '.join(missing)}: install 0.7 or newer"
        if _as_root() and not shutil.which("setpriv"):
            return "setpriv is not installed: install the package `util-linux`"
        with _identity() as uid:
            place = layout()
            nothing = [*_namespaces(uid), *_mounts(place, {}, Limits()), "--", *_drop(uid), place.python, "-I", "-S", "-c", ""]
            trial = subprocess.run(nothing, capture_output=True, text=True, check=False, env={}, timeout=30)
        return f"bubblewrap does not work here ({trial.stderr.strip()[:300]}): {_remedy()}" if trial.returncode else None


def _as_root() -> bool:
    return os.geteuid() == 0 and first_uid() is not None


def _bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


@contextlib.contextmanager
def _identity() -> Iterator[int | None]:
    """The real uid to become, or ``None`` where a user namespace does it."""
    if not _as_root():
        yield None
        return
    with leased_uid() as uid:
        yield uid


def _namespaces(uid: int | None) -> list[str]:
    kept = [word for right in RIGHTS_OF_SETPRIV for word in ("--cap-add", right)]
    user = ["--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)] if uid is None else []
    return [
        _bwrap(), *user, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox",
        "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", *(kept if uid is not None else []),
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


def _files() -> dict[str, bytes]:
    own = {place: Path(__file__).with_name(name).read_bytes() for place, name in OWN_FILES.items()}
    return {**own, **{place: text.encode() for place, text in SYSTEM_FILES.items()}}


@contextlib.contextmanager
def _readable(data: bytes) -> Iterator[int]:
    """A descriptor from which ``data`` can be read once."""
    descriptor = os.memfd_create("sandbox")
    try:
        os.write(descriptor, data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _remedy() -> str:
    restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if os.geteuid() != 0 and restricted.exists() and restricted.read_text().strip() == "1":
        return "AppArmor forbids user namespaces; allow them for bwrap with a profile, or set kernel.apparmor_restrict_unprivileged_userns=0"
    return "in a container, allow nested namespaces (for example seccomp and AppArmor unconfined), or use another executor"
