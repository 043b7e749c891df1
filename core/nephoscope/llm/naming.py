"""Which models a person named, for which role, and whether they can be had: from settings to seats."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_config_path
from pydantic import SecretStr

from nephoscope.interfaces import LLMBackend, UsageError
from nephoscope.llm.card import ROLES, ModelCard, unknown
from nephoscope.llm.catalog import ModelCatalog, load_catalog
from nephoscope.llm.exchange import Exchange
from nephoscope.llm.gateway import ANY
from nephoscope.llm.seat import Seat
from nephoscope.settings import KeyReference, Settings

_NAMED = re.compile(r"(?:(?P<role>[a-z]+)=)?(?P<id>(?P<provider>[a-z][a-z0-9_-]*):\S(?:.*\S)?)")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def parse(text: str) -> tuple[str, str]:
    """Role (``ANY`` when none is said) and id of ``[ROLE=]PROVIDER:NAME``. Raises ``UsageError``."""
    match = _NAMED.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} names no model.", "write --model PROVIDER:NAME, or --model ROLE=PROVIDER:NAME")
    if match["role"] and match["role"] not in ROLES:
        raise UsageError(f"There is no role {match['role']!r} for a model to play.", f"roles: {', '.join(ROLES)}")
    return match["role"] or ANY, match["id"]


def catalog(settings: Settings, folders: Sequence[Path]) -> ModelCatalog:
    """The catalog of the packs and of the person: ``models.yaml`` beside the settings file, and the files of the setting ``catalogs``."""
    usual = user_config_path("nephoscope") / "models.yaml"
    return load_catalog(folders, [*([usual] if usual.is_file() else []), *settings.catalogs])


def seats(settings: Settings, backends: Mapping[str, LLMBackend], known: ModelCatalog, *, keyless: bool = False) -> dict[str, list[Seat]]:
    """Every model of the settings by role; ``keyless`` reads no keys. Raises ``UsageError`` for one that cannot be had."""
    found: dict[str, list[Seat]] = {}
    made: dict[str, Seat] = {}
    for role, model_id in map(parse, settings.models):
        if model_id not in made:
            made[model_id] = _seat(model_id, settings, backends, known, keyless=keyless)
        found.setdefault(role, []).append(made[model_id])
    return found


def check_allowed(model_id: str, base_url: str, settings: Settings) -> None:
    """Whether the organisation lets a model be used where it answers. Raises ``UsageError``."""
    allowed, hosts = settings.models_allowed, settings.model_hosts
    if allowed is not None and not any(fnmatchcase(model_id, pattern) for pattern in allowed):
        raise UsageError(f"The model {model_id} is not allowed on this machine.", f"allowed: {', '.join(allowed) or 'none'}")
    host = urlsplit(base_url).hostname or model_id.partition(":")[0]
    if hosts is not None and host not in hosts:
        raise UsageError(f"Models at {host} are not allowed on this machine.", f"allowed: {', '.join(hosts) or 'none'}")


def _seat(model_id: str, settings: Settings, backends: Mapping[str, LLMBackend], known: ModelCatalog, *, keyless: bool) -> Seat:
    provider = model_id.partition(":")[0]
    backend = backends.get(provider)
    if backend is None:
        raise _missing(provider, backends)
    card = _card(model_id, settings, backend, known)
    base_url = settings.model_base_url or card.base_url
    _check_url(base_url)
    check_allowed(model_id, base_url, settings)
    key = None if keyless else _key(provider, card, settings)
    local = (backend.local or card.local) and (not base_url or urlsplit(base_url).hostname in _LOOPBACK)
    masked = not local if settings.mask is None else settings.mask
    return Seat(card, backend, Exchange(backend, base_url, key, card.prompt_cache), base_url, masked)


PACKED: Mapping[str, str] = {
    **{name: name for name in ("anthropic", "bedrock", "langchain", "local", "ollama", "openai")},
    **dict.fromkeys(("vllm", "llamacpp", "llama.cpp", "lmstudio"), "local"),
    **dict.fromkeys(("gemini", "mistralai", "mistral", "groq", "cohere", "deepseek", "xai"), "langchain"),
}
"""Providers and the extra whose pack reaches them."""


def _missing(provider: str, backends: Mapping[str, LLMBackend]) -> UsageError:
    """What to do about a provider that no installed pack speaks to."""
    installed = ", ".join(sorted(backends)) or "none"
    extra = PACKED.get(provider)
    if extra in backends:
        hint = f"write it as {extra}:{f'{provider}:' if extra == 'langchain' else ''}NAME"
    elif extra:
        hint = f"pip install 'nephoscope[{extra}]'"
    else:
        near = difflib.get_close_matches(provider, [*backends, *PACKED], n=1)
        hint = f"did you mean {near[0]}:?" if near else "any server that speaks OpenAI's format: openai:NAME with --model-base-url"
    return UsageError(f"No pack for models of {provider!r} is installed.", f"{hint}; installed: {installed}")


def _card(model_id: str, settings: Settings, backend: LLMBackend, known: ModelCatalog) -> ModelCard:
    card = known.find(model_id)
    if card is not None:
        return card
    if settings.model_base_url or backend.local:
        return unknown(model_id, local=backend.local)
    near = known.near(model_id)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: nephoscope models"
    raise UsageError(
        f"The catalog knows no model {model_id!r}.", f"{hint} Or describe it in models.yaml, or say where it answers with --model-base-url"
    )


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UsageError(f"{url!r} is no address of a model server.", "write --model-base-url http://HOST:PORT/v1")


def _key(provider: str, card: ModelCard, settings: Settings) -> SecretStr | None:
    """The key, read now; ``None``: the provider's SDK looks where it always does. Raises ``UsageError``."""
    reference = settings.model_key or settings.keys.get(provider) or (KeyReference.parse(card.key) if card.key else None)
    return SecretStr(reference.resolve()) if reference else None
