"""The models that are known: YAML files of packs and of the user, the later extending or overriding the earlier."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.llm.card import ModelCard

LINE = "__line__"
MAX_BYTES = 2_000_000


@dataclass(frozen=True)
class ModelCatalog:
    """Cards by id, in the order they were first read. ``faults``: of pack files, which must not stop a run; those of user files raise."""

    cards: Mapping[str, ModelCard]
    faults: Sequence[str] = ()

    def find(self, model_id: str) -> ModelCard | None:
        """The card of a model: its own, or the narrowest pattern's under the model's own id."""
        own = self.cards.get(model_id)
        if own and not own.pattern:
            return own
        fitting = [card for card in self.cards.values() if card.pattern and fnmatchcase(model_id, card.id)]
        widest = max(fitting, key=lambda card: len(card.id), default=None)
        return widest.model_copy(update={"id": model_id}) if widest else None

    def near(self, model_id: str) -> list[str]:
        """Ids that may have been meant."""
        ids = [card.id for card in self.cards.values() if not card.pattern]
        name = model_id.partition(":")[2] or model_id
        by_id = difflib.get_close_matches(model_id, ids, n=3, cutoff=0.5)
        by_name = [one for one in ids if name and name in one.partition(":")[2]]
        return list(dict.fromkeys([*by_id, *by_name]))[:5]


def load_catalog(folders: Iterable[Path], files: Iterable[Path] = ()) -> ModelCatalog:
    """The cards of pack folders, then of the user's own files. Raises ``UsageError`` with file and line for the latter."""
    cards: dict[str, dict[str, Any]] = {}
    faults: list[str] = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*.yaml"))):
        try:
            _lay(cards, _read(path))
        except UsageError as error:
            faults.append(error.message)
    for path in files:
        _lay(cards, _read(path))
    return ModelCatalog({card_id: ModelCard.model_validate(raw) for card_id, raw in cards.items()}, tuple(faults))


def _lay(cards: dict[str, dict[str, Any]], entries: Iterable[dict[str, Any]]) -> None:
    """Fields given later override those given earlier. A whole file counts, or none of it."""
    laid = dict(cards)
    for entry in entries:
        merged = {**laid.get(entry["id"], {}), **entry}
        if "prices" in entry and "free" not in entry:
            merged.pop("free", None)
        if entry.get("free") and "prices" not in entry:
            merged.pop("prices", None)
        laid[entry["id"]] = merged
        _check(merged, entry)
    cards.update(laid)


def _check(merged: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    try:
        ModelCard.model_validate(merged)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        told = str(first["msg"]).removeprefix("Value error, ")
        raise UsageError(f"{entry['source']}: model {entry['id']}: {field + ': ' if field else ''}{told}.", "correct that entry") from None


def _read(path: Path) -> list[dict[str, Any]]:
    """The entries of a file, each with the place it stands at. Raises ``UsageError``."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is no catalog: it is larger than {MAX_BYTES} bytes.", "move it away")
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Lines)  # noqa: S506 - a SafeLoader that counts lines
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The model catalog {path} cannot be read: {error}.", "make it a file you may read, or take it out") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"The model catalog {path} is not YAML: {' '.join(str(error).split())}.", "correct that line") from None
    entries = document.get("models") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise UsageError(f"{path}, line 1: a catalog is a mapping with a list called models.", "see docs/reference/models.md")
    return list(_entries(path, entries))


def _entries(path: Path, entries: list[Any]) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            line = entry.get(LINE, "?") if isinstance(entry, dict) else "?"
            raise UsageError(f"{path}, line {line}: entry {number} of models has no id.", "write id: provider:name")
        yield {**_without_lines(entry), "source": f"{path}, line {entry[LINE]}"}


def _without_lines(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_lines(item) for key, item in value.items() if key != LINE}
    return [_without_lines(item) for item in value] if isinstance(value, list) else value


class _Lines(yaml.SafeLoader):
    """Remembers where each mapping begins."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {**super().construct_mapping(node, deep=True), LINE: node.start_mark.line + 1}


_Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _Lines.construct_mapping)
