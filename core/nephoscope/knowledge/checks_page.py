"""``docs/reference/checks/<cloud>.md``, made from the controls: ``python -m nephoscope.cli.checks docs/reference/checks``."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Control
from nephoscope.models.inspection import SEVERITIES, ControlCard


def pages(controls: Sequence[Control]) -> dict[str, str]:
    """One page per cloud: what an account can be inspected for, by service."""
    clouds: dict[str, list[ControlCard]] = {}
    for control in controls:
        clouds.setdefault(control.card.cloud, []).append(control.card)
    return {cloud: _page(cloud, cards) for cloud, cards in sorted(clouds.items())}


def _page(cloud: str, cards: Sequence[ControlCard]) -> str:
    services: dict[str, list[ControlCard]] = {}
    for card in sorted(cards, key=lambda one: (one.service, SEVERITIES.index(one.severity), one.id)):
        services.setdefault(card.service, []).append(card)
    lines = [
        f"# Checks: {cloud}",
        "",
        "Made from the controls by `python -m nephoscope.cli.checks docs/reference/checks`; a test keeps it true.",
        "",
        f"{len(cards)} checks over {len(services)} services, for `nephoscope inspect`.",
        "",
    ]
    for service, some in services.items():
        lines += [f"## {service}", "", "| check | severity | category | what should be | frameworks |", "|---|---|---|---|---|"]
        lines += [f"| `{one.id}` | {one.severity} | {one.category} | {_plain(one.title)} | {_frameworks(one)} |" for one in some]
        lines.append("")
    return "\n".join(lines)


def _frameworks(card: ControlCard) -> str:
    return ", ".join(f"{name} {', '.join(sections)}".strip() for name, sections in card.frameworks.items())


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
