"""A stranger's pack: really built, installed into a fresh environment, discovered, used for a whole investigation, and removed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parent
PONDS: dict[str, Any] = {name: {"depth": 3, "outlet": f"{name}-gate"} for name in ("carp", "lily", "reed")}
GATES: dict[str, Any] = {f"{name}-gate": {"open": True} for name in PONDS}
WORDS = "no water has come out of pond lily since yesterday, events from it do not arrive"


class Environment:
    """A fresh virtual environment that sees the packages under test, and what is installed into it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        self.home = folder / "home"
        packages = next((folder / "venv" / "lib").glob("python3*/site-packages"))
        (packages / "under_test.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")

    def pip(self, *words: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.python), *words]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)

    def nephoscope(self, *words: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from nephoscope.cli.main import main; sys.argv[0] = 'nephoscope'; main()"
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "NEPHOSCOPE_HOME": str(self.home)}
        command = [str(self.python), "-c", code, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=110, env=env, cwd=self.home.parent, check=False)

    def document(self, *words: str) -> dict[str, Any]:
        done = self.nephoscope(*words, "--json")
        assert done.stdout, done.stderr
        return dict(json.loads(done.stdout))


class Brook:
    """The tiny cloud, in a process of its own."""

    def __init__(self, environment: Environment, ponds: dict[str, Any], gates: dict[str, Any]) -> None:
        seed = json.dumps({"ponds": ponds, "gates": gates})
        command = [str(environment.python), "-m", "nephoscope_brook.server", seed]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def log(self) -> list[str]:
        with urllib.request.urlopen(f"{self.url}/log", timeout=10) as reply:
            return list(json.load(reply)["log"])

    def __enter__(self) -> Brook:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    project = shutil.copytree(SOURCE, folder / "project", ignore=shutil.ignore_patterns("__pycache__", "test_*", "conftest.py"))
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, text=True, timeout=100)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    made = Environment(tmp_path_factory.mktemp("environment"))
    made.home.mkdir()
    made.pip("install", "--no-deps", "--no-index", str(wheel))
    yield made
    made.pip("uninstall", "--yes", "nephoscope-brook")
    assert not [pack for pack in made.document("plugins")["packs"] if pack["name"] == "brook"]


def investigate(environment: Environment, brook: Brook) -> dict[str, Any]:
    return environment.document("investigate", WORDS, "--cloud", "brook", "--endpoint-url", brook.url, "--ask", "never")


def test_it_is_listed_with_version_and_everything_it_registers(environment: Environment) -> None:
    pack = next(pack for pack in environment.document("plugins")["packs"] if pack["name"] == "brook")
    assert (pack["distribution"], pack["version"], pack["error"]) == ("nephoscope-brook", "1.2.3", "")
    assert pack["registers"]["judges"] == ["no-naps"]
    assert pack["registers"]["analyzers"] == ["flow"]
    assert pack["registers"]["wires"] == pack["registers"]["estates"] == pack["registers"]["emulators"] == ["brook"]


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("ponds", "gates", "verdict", "causes", "resources"),
    [
        ({}, {"lily-gate": {"open": False}}, "confirmed", ["brook.gates.closed"], ["lily-gate"]),
        ({}, {}, "no_fault_found", [], []),
        ({}, {"carp-gate": {"open": False}}, "no_fault_found", [], []),
        ({"lily": {"depth": 3, "outlet": "old-gate"}}, {}, "confirmed", ["brook.gates.missing"], ["old-gate"]),
        ({}, {"lily-gate": {"open": False, "locked": True}}, "inconclusive", [], []),
    ],
    ids=["closed", "healthy", "another gate is closed", "gate gone", "may not look"],
)  # fmt: skip
def test_a_whole_investigation_of_its_cloud(
    environment: Environment, ponds: dict[str, Any], gates: dict[str, Any], verdict: str, causes: list[str], resources: list[str]
) -> None:
    with Brook(environment, PONDS | ponds, GATES | gates) as brook:
        report = investigate(environment, brook)
        asked = brook.log()
    assert report["verdict"] == verdict, json.dumps(report, indent=1)
    assert [cause["id"] for cause in report["root_causes"]] == causes
    assert [name for cause in report["root_causes"] for name in cause["resources"]] == resources
    assert asked
    assert all(line.startswith("GET /v1/") for line in asked)
    assert report["scopes"][0]["account"] == "weir-7"
    assert report["policies"][0]["document"] == {"rights": ["brook.gates.read", "brook.ponds.read"]}
    if verdict == "inconclusive":
        assert "brook.gates.read" in [gap["needs"] for gap in report["gaps"]]


def test_its_validator_is_in_force(environment: Environment, tmp_path: Path) -> None:
    code = """
from nephoscope.models import Check, Script
from nephoscope.plugin.manager import load_plugins
from nephoscope.validation import validate
plugins = load_plugins()
source = "import time\\nimport brook\\nbrook.client('ponds').list_ponds()\\ntime.sleep(3)\\n"
script = Script(source=source, check=Check(id="c", intent="", cloud="brook"), cloud="brook", author="model:x")
found = validate(script, plugins.estates["brook"].environment(), [], plugins.judges).violations
print(*[violation.rule for violation in found if violation.severity == "error"])
"""
    done = subprocess.run([str(environment.python), "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["nap"]


def test_switched_off_it_is_gone(environment: Environment) -> None:
    done = environment.nephoscope("investigate", WORDS, "--cloud", "brook", "--ask", "never", "--json")
    assert done.returncode == 3
    (environment.home / ".config" / "nephoscope").mkdir(parents=True)
    config = environment.home / ".config" / "nephoscope" / "config.toml"
    config.write_text('packs_blocked = ["brook"]\n')
    try:
        done = environment.nephoscope("investigate", WORDS, "--cloud", "brook", "--ask", "never", "--json")
        assert done.returncode == 2
        assert "brook" in done.stderr + done.stdout
    finally:
        config.unlink()
