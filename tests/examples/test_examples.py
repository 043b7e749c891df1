"""Every example runs and does what it says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nephoscope.plugin.manager import load_plugins
from nephoscope.testing.conformance import JudgeSuite

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(home: Path, *command: str) -> str:
    environment = {**os.environ, "NEPHOSCOPE_HOME": str(home), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


validator = load(EXAMPLES / "02_custom_validator" / "no_listing_of_objects.py")


@pytest.mark.scenario
@pytest.mark.sandbox
def test_investigating_from_a_library(tmp_path: Path) -> None:
    said = run(tmp_path, str(EXAMPLES / "01_investigate_from_a_library.py"))
    assert "confirmed" in said
    assert "aws.iam." in said


class TestValidator(JudgeSuite):
    subject = validator.NoListingOfObjects()
    accepted = ("print(1)\n",)
    rejected = ("import boto3\nboto3.client('s3').list_objects_v2(Bucket='b')\n",)


def test_the_validator_registers_itself() -> None:
    assert "no-listing-of-objects" in [judge.name for judge in load_plugins(extra=[validator]).judges]


@pytest.mark.scenario
@pytest.mark.sandbox
def test_reading_a_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text(run(tmp_path, "-c", "from nephoscope.cli.main import main; main()", "demo", "--json"), encoding="utf-8")
    said = run(tmp_path, str(EXAMPLES / "03_reading_a_report.py"), str(report))
    assert said.startswith("confirmed: uploads to bucket orders-in")
    assert "absent, shown by lambda:GetPolicy" in said


def test_results_of_a_comparison_are_data_frames(tmp_path: Path) -> None:
    """On a comparison that has a model which is right, one that is not, and the playbooks."""
    pytest.importorskip("pandas")
    pytest.importorskip("statsmodels")
    sys.path.insert(0, str(Path(__file__).parents[1] / "core" / "comparison"))
    from test_comparing import BAD, FLOOR, GOOD, plan, summed

    from nephoscope.comparison.rendering.listing import cells_csv

    found = summed(plan(number=10), {GOOD.label: 1.0, BAD.label: 0.0, FLOOR.label: 0.5})
    (tmp_path / "results.json").write_text(found.model_dump_json(by_alias=True))
    (tmp_path / "results.csv").write_text(cells_csv(found))
    said = run(tmp_path, str(EXAMPLES / "04_results_as_data_frames.py"), str(tmp_path))
    assert "60 cells of 3 contestants on suite all" in said
    wrong = next(row.right for row in found.rows if row.label == FLOOR.label)
    assert f"{GOOD.label}: {20 - wrong} units gained over the playbooks, 0 lost" in said
    assert f"{BAD.label}: 0 units gained over the playbooks, {wrong} lost" in said
    assert "0.0012" in said or "0.0013" in said, "dollars per success"
