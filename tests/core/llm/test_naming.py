"""From words on a command line to models in their places, or a clear refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.llm.card import ModelCard
from nephoscope.llm.catalog import ModelCatalog
from nephoscope.llm.naming import parse, seats
from nephoscope.llm.scripted import ScriptedBackend
from nephoscope.settings import Settings


class Remote(ScriptedBackend):
    """A backend of a provider elsewhere."""

    name = "acme"
    local = False


BACKENDS: dict[str, Any] = {"acme": Remote(), "scripted": ScriptedBackend()}
KNOWN = ModelCatalog({"acme:big": ModelCard(id="acme:big"), "acme:home": ModelCard(id="acme:home", local=True, base_url="http://127.0.0.1:9/v1")})


def seated(*models: str, **more: Any) -> Any:
    return seats(Settings(models=models, **more), BACKENDS, KNOWN)


def test_roles_and_names_are_told_apart() -> None:
    assert parse("planner=acme:big") == ("planner", "acme:big")
    assert parse("scripted:/tmp/a=b.yaml") == ("", "scripted:/tmp/a=b.yaml")
    assert parse("acme:family/big:7b-q4") == ("", "acme:family/big:7b-q4")


@pytest.mark.parametrize(
    ("text", "words"), [("gpt", "names no model"), ("boss=acme:big", "no role 'boss'"), ("acme:", "names no model"), ("", "names no")]
)
def test_what_names_no_model_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(text)


def test_one_model_named_twice_is_one_seat() -> None:
    found = seated("planner=acme:big", "coder=acme:big", "scripted:x")
    assert found["planner"][0] is found["coder"][0]
    assert [one.name for one in found[""]] == ["scripted:x"]


def test_a_missing_pack_is_named_with_what_installs_it() -> None:
    with pytest.raises(UsageError) as caught:
        seated("other:x")
    assert "pip install" not in caught.value.hint
    for named, hint in [
        ("openai:m", "pip install 'nephoscope[openai]'"),
        ("vllm:m", "pip install 'nephoscope[local]'"),
        ("acmee:m", "did you mean acme:?"),
        ("nonesuch:m", "--model-base-url"),
    ]:
        with pytest.raises(UsageError, match="No pack for models") as caught:
            seated(named)
        assert hint in caught.value.hint


def test_an_unknown_model_is_refused_with_near_names_unless_it_is_said_where_it_answers() -> None:
    with pytest.raises(UsageError) as caught:
        seated("acme:bigg")
    assert "acme:big" in caught.value.hint
    card = seated("acme:bigg", model_base_url="http://10.0.0.1:8000/v1")[""][0].card
    assert (card.capabilities, card.reply, card.prices, card.free) == ((), 4_096, None, False)


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        seated("acme:big", model_base_url=url)


def test_models_elsewhere_are_masked_and_those_on_this_machine_are_not() -> None:
    def masked(model: str, **more: Any) -> bool:
        return bool(seated(model, **more)[""][0].masked)

    assert masked("acme:big")
    assert masked("acme:big", model_base_url="http://127.0.0.1:1/v1")
    assert not masked("acme:big", mask=False)
    assert not masked("acme:home")
    assert masked("acme:home", model_base_url="http://gpu.corp/v1")
    assert not masked("scripted:x")
    assert masked("scripted:x", mask=True)


def test_the_key_is_read_from_where_it_is_said_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THE_KEY", "sk-very-secret")
    seat = seated("acme:big", model_key="env:THE_KEY")[""][0]
    assert "sk-very-secret" not in repr(seat)
    assert seat.exchange._key.get_secret_value() == "sk-very-secret"
    assert seated("acme:big")[""][0].exchange._key is None
    with pytest.raises(UsageError, match="no key"):
        seated("acme:big", model_key="env:NO_SUCH_KEY")


def test_an_organisation_limits_models_and_where_they_answer() -> None:
    with pytest.raises(UsageError, match="not allowed"):
        seated("acme:big", models_allowed=("scripted:*",))
    with pytest.raises(UsageError, match=r"gpu\.corp"):
        seated("acme:big", model_base_url="http://gpu.corp/v1", model_hosts=("acme",))
    assert seated("acme:big", models_allowed=("acme:*",), model_hosts=("acme",))


def test_an_address_is_told_and_recorded_without_user_and_password() -> None:
    seat = seated("acme:big", model_base_url="http://user:pass@gpu.corp:8000/v1?token=x")[""][0]
    assert (seat.host, seat.address) == ("gpu.corp:8000", "http://gpu.corp:8000/v1")
