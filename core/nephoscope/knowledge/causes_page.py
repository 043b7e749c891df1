"""``docs/reference/causes/<cloud>.md``, made from the playbooks: ``python -m nephoscope.cli.causes docs/reference/causes``."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.knowledge.playbooks import Playbook, tell
from nephoscope.models import JsonValue


def pages(playbooks: Mapping[str, Playbook]) -> dict[str, str]:
    """One page per cloud: the causes that are told, by service. Placeholders read as what they stand for."""
    by_cloud: dict[str, list[Playbook]] = {}
    for book in playbooks.values():
        by_cloud.setdefault(book.card.id.split(".", maxsplit=1)[0], []).append(book)
    return {cloud: _page(cloud, books) for cloud, books in sorted(by_cloud.items())}


def _page(cloud: str, books: list[Playbook]) -> str:
    services: dict[str, list[Playbook]] = {}
    for book in sorted(books, key=lambda one: one.card.id):
        services.setdefault(book.card.id.split(".")[1], []).append(book)
    lines = [
        f"# Causes: {cloud}",
        "",
        "Made from the playbooks by `python -m nephoscope.cli.causes docs/reference/causes`; a test keeps it true.",
        "",
    ]
    lines += [f"{len(books)} causes over {len(services)} services. What is in *italics* is filled in with what was found.", ""]
    for service, some in services.items():
        lines += [f"## {service}", "", "| cause | what is wrong | what mends it |", "|---|---|---|"]
        lines += [f"| `{book.card.id}` | {_told(book.card.title)} | {_told(book.card.fix)} |" for book in some]
        lines.append("")
    return "\n".join(lines)


class _Named(dict[str, JsonValue]):
    """Every placeholder reads as its own name."""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> str:
        return f"*{key.replace('_', ' ')}*"


def _told(text: str) -> str:
    plain = " ".join(text.replace("|", "\\|").split())
    told = tell(f"{plain} ", _Named())
    return str(told).strip()
