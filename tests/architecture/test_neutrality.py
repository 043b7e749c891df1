"""Core serves every cloud because it knows none: not in code, not in a comment, not in data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "core"
NAMES = re.compile(
    r"""(?ix) (?<!dr)(?<!l)aws | amazon | boto | azure | microsoft | google | cloudwatch | cloudtrail | dynamodb | eventbridge | bigquery
    | lambda[ _:-]functions?\b(?!:)
    | \b( gcp | s3 | (?<!:)ec2 | sqs | sns | kms | moto | rds | ecs | eks | gke | gcs | iam | oci | alibaba | openstack | digitalocean )\b"""
)
GENERATED = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "dist", "build"}
TEXT = {".py", ".pyi", ".yaml", ".yml", ".toml", ".md", ".j2", ".json", ".txt", ".html", ".css", ".sql", ".c", ".h"}


def files() -> list[Path]:
    return sorted(path for path in CORE.rglob("*") if path.is_file() and not GENERATED & set(path.relative_to(CORE).parts))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(CORE)))
def test_no_file_of_core_names_a_cloud(path: Path) -> None:
    assert path.suffix in TEXT or path.name == "py.typed", f"{path.name}: what kind of file is this? add it to TEXT"
    assert not NAMES.search(path.name)
    named = [f"line {n}: {m[0]}" for n, line in enumerate(path.read_text().splitlines(), 1) if (m := NAMES.search(line))]
    assert named == []


def test_the_word_list_finds_names_and_only_names() -> None:
    for text in ("# as AWS does", "import boto3", "Azure's", "lambda:function", "S3 bucket", "google.cloud"):
        assert NAMES.search(text), text
    for text in ("lambda item: item", "draws, laws and flaws", "sort(key=lambda function: 1)", "gates3", "rdstate", "iambic", "fd00:ec2::254"):
        assert not NAMES.search(text), text
