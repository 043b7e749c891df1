"""A PostgreSQL server of one's own: a private cluster in a temporary folder, on a free port and a socket, as a user that is not root."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BINARIES = next((path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True) if (path / "initdb").exists()), None)
_FOUND = shutil.which("initdb")
FOLDER = BINARIES or (Path(_FOUND).resolve().parent if _FOUND else None)
WHY_NOT = "PostgreSQL's server is not installed here: apt install postgresql"
PASSWORD = "s3cret-of-ann"


class Server:
    """``port`` on the loopback asks for passwords. ``admin``: a URL of a superuser, by the socket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._who = _nobody()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    @property
    def admin(self) -> str:
        return f"postgresql://boss@/postgres?host={self.folder}&port={self.port}"

    def create(self) -> None:
        self._run(
            "initdb", "-D", str(self.folder / "data"), "-U", "boss", "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8", "--no-sync"
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = '{self.folder}'\n")
            file.write("fsync = off\nmax_connections = 60\nshared_buffers = 16MB\n")

    def start(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"), "-w", "-t", "60", "start")

    def stop(self, how: str = "immediate") -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", how, "-w", "stop")

    def sql(self, text: str, database: str = "postgres") -> str:
        """What psql says, as the superuser."""
        url = self.admin.replace("/postgres?", f"/{database}?")
        return self._run("psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", text, url)

    def database(self) -> str:
        """A URL of an empty database of ann's, her password in it."""
        name = f"team_{secrets.token_hex(4)}"
        if not self.sql("SELECT 1 FROM pg_roles WHERE rolname = 'ann'").strip():
            self.sql(f"CREATE ROLE ann LOGIN PASSWORD '{PASSWORD}'")
        self.sql(f"CREATE DATABASE {name} OWNER ann")
        return f"postgresql://ann:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *words: str) -> str:
        assert FOLDER
        who: Any = {"user": self._who.pw_uid, "group": self._who.pw_gid, "extra_groups": []} if self._who else {}
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        done: Any = subprocess.run([str(FOLDER / program), *words], check=False, capture_output=True, text=True, cwd="/", env=env, **who)
        assert done.returncode == 0, (program, done.stdout, done.stderr)
        return str(done.stdout)


def _nobody() -> pwd.struct_passwd | None:
    """Whoever runs the server where we are root, which it refuses to be run by."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server for tests; they are skipped, with the reason, where there is none, or the pack is not installed."""
    if FOLDER is None:
        pytest.skip(WHY_NOT)
    pytest.importorskip("psycopg", reason="the pack is not installed here: pip install 'nephoscope[postgres]'")
    folder = Path(tempfile.mkdtemp(prefix="neph-pg-", dir="/tmp"))
    server = Server(folder)
    try:
        if server._who:
            os.chown(folder, server._who.pw_uid, server._who.pw_gid)
        folder.chmod(0o755)
        server.create()
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
