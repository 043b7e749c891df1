"""Options that cloud packs add."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, Field

from nephoscope.cli.scope_options import fields_of, split, validated
from nephoscope.interfaces.errors import UsageError


class Sky(BaseModel):
    profile: str = ""
    role_arn: str = Field(default="", description="The role to take.")
    fips: bool = False
    hops: int = 1
    accounts: list[str] = Field(default_factory=list)


class Sea(BaseModel):
    project: str = ""


ESTATES: Any = {"sky": SimpleNamespace(cloud="sky", options=Sky), "sea": SimpleNamespace(cloud="sea", options=Sea)}


def parsed(*words: str, cloud: str = "", leading: bool = False) -> tuple[list[str], dict[str, Any]]:
    return split(words, fields_of(ESTATES, cloud), known=["--region"], leading=leading)


@pytest.mark.parametrize(
    ("words", "text", "options"),
    [
        (["--profile", "prod", "uploads", "stop"], ["uploads", "stop"], {"profile": "prod"}),
        (["uploads stop", "--role-arn=a=b"], ["uploads stop"], {"role_arn": "a=b"}),
        (["--fips", "uploads"], ["uploads"], {"fips": "true"}),
        (["--accounts", "1", "--accounts", "2", "x"], ["x"], {"accounts": ["1", "2"]}),
        (["-"], ["-"], {}),
        (["--profile prod does not work"], ["--profile prod does not work"], {}),
        (["--", "--profile"], ["--profile"], {}),
    ],
)
def test_options_are_told_from_words(words: list[str], text: list[str], options: dict[str, Any]) -> None:
    assert parsed(*words) == (text, options)


def test_a_command_keeps_its_own_options() -> None:
    assert parsed("--profile", "prod", "ls", "--profile", "x", leading=True) == (["ls", "--profile", "x"], {"profile": "prod"})
    assert parsed("--profile", "prod", "--", "--odd", leading=True) == (["--odd"], {"profile": "prod"})


@pytest.mark.parametrize(
    ("words", "hint"),
    [(["--profle", "x"], "--profile"), (["--regoin", "x"], "--region"), (["--zzz"], "nephoscope plugins"), (["--profile"], "--profile VALUE")],
)
def test_a_wrong_option_names_the_right_one(words: list[str], hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert hint in caught.value.hint


def test_an_option_of_another_cloud_is_unknown() -> None:
    with pytest.raises(UsageError):
        parsed("--project", "x", cloud="sky")


def test_values_are_checked_by_the_pack() -> None:
    assert validated({"hops": "3", "fips": "true"}, ESTATES, "sky") == {"hops": 3, "fips": True}
    with pytest.raises(UsageError, match="--hops"):
        validated({"hops": "many"}, ESTATES, "sky")


def test_options_reach_the_scope(nephoscope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nephoscope.plugin.manager.Plugins.estates", {"sky": ESTATES["sky"]})
    nephoscope("investigate", "--profile", "prod", "--region", "eu-1", "uploads stop", "--hops", "2")
    assert nephoscope.application.asked == [("investigate", "uploads stop")]
    scope = nephoscope.application.session.loaded.settings.scope_of("sky")
    assert scope.options == {"profile": "prod", "hops": 2, "region": "eu-1"}
    result = nephoscope("plugins")
    assert "--role-arn" in result.stdout
    assert "The role to take." in result.stdout
