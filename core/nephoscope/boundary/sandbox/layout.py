"""What of this machine a sandbox sees: the system's programs, the interpreter, its packages; read-only, each named one by one."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nephoscope.boundary.sandbox.job import HOME, ROOT

SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
NOBODY = 65534
SYSTEM_FILES = {
    "/etc/passwd": f"script:x:{NOBODY}:{NOBODY}::{HOME}:/usr/sbin/nologin\n",
    "/etc/group": f"script:x:{NOBODY}:\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
OWN_FILES = {f"{ROOT}/{name}": name for name in ("bootstrap.py", "launcher.py", "zygote.py")} | {
    f"{ROOT}/lib/nephoscope_script.py": "nephoscope_script.py"
}


@dataclass(frozen=True)
class Layout:
    """``binds``: existing folders and files, none beneath another. ``links``: (target, place) of top-level links. ``path``: import path."""

    python: str
    binds: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    path: tuple[str, ...]

    def parents(self) -> tuple[str, ...]:
        """Folders that only lead to the bound places, outermost first."""
        above = {str(parent) for bind in self.binds for parent in Path(bind).parents} - {"/"}
        return tuple(sorted(above))

    def closed_to_others(self) -> str | None:
        """The first bound place or package that only its owner may read, as a careful umask leaves it; ``None`` if there is none."""
        packages = (child for folder in self.path if Path(folder).is_dir() for child in Path(folder).iterdir() if child.name != "__pycache__")
        for place in (*map(Path, self.binds), *packages):
            needed = 0o005 if place.is_dir() else 0o004
            if place.exists() and place.stat().st_mode & needed != needed:
                return str(place)
        return None


def layout(imports: Sequence[str] = ()) -> Layout:
    """The layout for this interpreter. ``imports``: modules that scripts need although they live outside the interpreter's packages."""
    links = tuple((str(Path(place).readlink()), place) for place in SYSTEM if Path(place).is_symlink() and not Path(place).is_file())
    system = [place for place in SYSTEM if Path(place).exists() and place not in {link for _, link in links}]
    packages = [entry for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"} and Path(entry).is_dir()]
    elsewhere = [folder for name in imports for folder in _package_folders(name)]
    binds = _outermost([*system, *_interpreter(), *packages, *elsewhere])
    roots = [str(Path(folder).parent) for folder in elsewhere if not _beneath(folder, packages)]
    return Layout(python=sys.executable, binds=binds, links=links, path=tuple(dict.fromkeys([*packages, *roots])))


def inside_files() -> dict[str, bytes]:
    """Files that exist only inside: ours, and the few the C library looks for."""
    own = {place: Path(__file__).with_name(name).read_bytes() for place, name in OWN_FILES.items()}
    return {**own, **{place: text.encode() for place, text in SYSTEM_FILES.items()}}


def _interpreter() -> Iterable[str]:
    """The interpreter's prefixes, or only its pieces when a prefix is so wide that the caller's home lies in it."""
    home = Path.home().resolve()
    for prefix in {sys.prefix, sys.base_prefix, str(Path(sys.executable).resolve().parent.parent)}:
        if not home.is_relative_to(Path(prefix).resolve()):
            yield prefix
            continue
        yield from {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), str(Path(sys.executable).resolve())}
        yield from (str(Path(prefix) / piece) for piece in ("pyvenv.cfg", "bin") if (Path(prefix) / piece).exists() and prefix != "/")


def _package_folders(name: str) -> Iterable[str]:
    spec = importlib.util.find_spec(name.partition(".")[0])
    return list(spec.submodule_search_locations or ()) if spec else ()


def _outermost(places: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for place in sorted({os.path.normpath(place) for place in places}):
        if not _beneath(place, kept):
            kept.append(place)
    return tuple(kept)


def _beneath(place: str, others: Iterable[str]) -> bool:
    return any(Path(place).is_relative_to(other) for other in others)
