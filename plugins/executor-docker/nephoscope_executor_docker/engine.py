"""The engine on this machine: where it listens, an empty image in it, and what a container of ours may have."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nephoscope.boundary.sandbox.job import HOME, OPEN_FILES, ROOT
from nephoscope.boundary.sandbox.layout import NOBODY, Layout, inside_files
from nephoscope.boundary.sandbox.process import START_ENVIRONMENT
from nephoscope.interfaces import IsolationError
from nephoscope.models import Limits

DOOR = f"{ROOT}/door"
LABEL = "nephoscope.sandbox"
REPOSITORY = "localhost/nephoscope-sandbox"
SECONDS = 60
MOST_PROCESSES = 4096
OWN_PROCESSES = 2
"""The one that reaps and the script itself."""


def address() -> str:
    """Where the engine listens. Raises :class:`IsolationError` when there is none on this machine."""
    named = os.environ.get("DOCKER_HOST", "")
    if named and not named.startswith("unix://"):
        raise IsolationError(f"the engine at {named} is not on this machine: its containers could not reach the broker", "unset DOCKER_HOST")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    usual = ["/var/run/docker.sock", "/run/podman/podman.sock", *(f"{runtime}/{name}" for name in ("docker.sock", "podman/podman.sock") if runtime)]
    for path in [named.removeprefix("unix://")] if named else usual:
        if Path(path).is_socket():
            return f"unix://{path}"
    raise IsolationError("no container engine listens here", "start Docker, or `podman system service`, or name its socket in DOCKER_HOST")


def connect() -> Any:
    """A client. Raises :class:`IsolationError`."""
    try:
        import docker
    except ImportError as error:
        raise IsolationError("the package `docker` is not installed", "pip install docker") from error
    where = address()
    try:
        return docker.DockerClient(base_url=where, timeout=SECONDS)
    except Exception as error:
        raise IsolationError(f"the engine at {where} does not answer: {str(error)[:200]}", "is it running, and may you use its socket?") from error


def describe(client: Any) -> str:
    """Its name and version, and where it listens."""
    said = client.version()
    names = [str(part.get("Name", "")) for part in said.get("Components") or [] if part.get("Name")]
    return f"{names[0] if names else 'engine'} {said.get('Version', '')} at {address()}"


def image(client: Any, place: Layout) -> str:
    """Id of an image that holds places to bind to and our few files, made if the engine does not have it."""
    content = _archive(place)
    tag = hashlib.sha256(content).hexdigest()[:20]
    for known in client.images.list(name=REPOSITORY):
        if any(name.endswith(f":{tag}") for name in known.tags):
            return str(known.id)
    said = client.api.import_image_from_data(content, repository=REPOSITORY, tag=tag)
    answers = [json.loads(line) for line in said.splitlines() if line.strip()]
    ids = [str(answer["status"]) for answer in answers if str(answer.get("status", "")).startswith("sha256:")]
    if not ids:
        raise IsolationError(f"the engine did not take the image: {said[:200]}")
    return ids[-1].removeprefix("sha256:")


def settings(place: Layout, door: Path | None, limits: Limits) -> Mapping[str, Any]:
    """Everything a container of ours is made with. The script's own limits come on top, as everywhere."""
    binds = {bind: {"bind": bind, "mode": "ro"} for bind in place.binds}
    if door is not None:
        binds[str(door)] = {"bind": DOOR, "mode": "ro"}
    memory = limits.memory_mb + limits.disk_mb  # files in the home are memory too
    return {
        "network_mode": "none", "read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "user": f"{NOBODY}:{NOBODY}",
        "volumes": binds, "tmpfs": {HOME: f"size={limits.disk_mb << 20},mode=1777"}, "working_dir": HOME,
        "mem_limit": f"{memory}m", "memswap_limit": f"{memory}m", "pids_limit": limits.processes + OWN_PROCESSES,
        "environment": {**START_ENVIRONMENT, "TERM": "none"},
        "ulimits": list(_ulimits()), "labels": {LABEL: str(os.getpid())}, "ipc_mode": "private", "log_config": _no_log(), "stdin_open": False,
        "hostname": "sandbox", "detach": True, "init": False,
    }  # fmt: skip


def command(place: Layout) -> Sequence[str]:
    """What a container runs."""
    return [place.python, "-I", "-B", f"{ROOT}/door.py", f"{DOOR}/socket"]


def sweep(client: Any) -> None:
    """Remove containers whose boundary process is gone."""
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        owner = container.labels.get(LABEL, "")
        if not (owner.isdigit() and Path("/proc", owner).exists()):
            container.remove(force=True)


def _ulimits() -> Iterator[Any]:
    from docker.types import Ulimit

    yield Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES)
    yield Ulimit(name="nproc", soft=MOST_PROCESSES, hard=MOST_PROCESSES)
    yield Ulimit(name="core", soft=0, hard=0)


def _no_log() -> Any:
    from docker.types import LogConfig

    return LogConfig(type="none")


def _archive(place: Layout) -> bytes:
    """A tar of empty folders, empty files, links and our own files: the same bytes for the same layout."""
    files = {**inside_files(), f"{ROOT}/door.py": Path(__file__).with_name("door.py").read_bytes()}
    folders = {*place.parents(), "/etc", "/proc", "/dev", "/sys", "/run", "/tmp", ROOT, f"{ROOT}/lib", HOME, DOOR}  # noqa: S108 - inside
    for bind in place.binds:
        if Path(bind).is_dir():
            folders.add(bind)
        else:
            files.setdefault(bind, b"")
    links = {link: target for target, link in place.links}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(folders):
            _add(archive, name, tarfile.DIRTYPE, 0o1777 if name == HOME else 0o755)
        for name in sorted(links):
            _add(archive, name, tarfile.SYMTYPE, 0o777, link=links[name])
        for name in sorted(files):
            _add(archive, name, tarfile.REGTYPE, 0o444, data=files[name])
    return packed.getvalue()


def _add(archive: tarfile.TarFile, name: str, kind: bytes, mode: int, *, link: str = "", data: bytes = b"") -> None:
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.type, entry.mode, entry.linkname, entry.size = kind, mode, link, len(data)
    archive.addfile(entry, io.BytesIO(data))
