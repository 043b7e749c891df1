"""Runs all analyzers over a view and brings their findings together."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nephoscope.interfaces import Analyzer, FactView
from nephoscope.models import Finding

_log = logging.getLogger("nephoscope.engine")
_RANK = {"yes": 2, "no": 1, "unknown": 0}


class Analysis:
    """The analyzers of a run. One that raises is left out from then on, and named in ``broken``."""

    def __init__(self, analyzers: Sequence[Analyzer]) -> None:
        self._analyzers = list(analyzers)
        self.broken: dict[str, str] = {}

    def __call__(self, view: FactView) -> list[Finding]:
        """All findings, one per cause and subject: a decided one before an open one, a dedicated analyzer's before a playbook's."""
        found: dict[str, Finding] = {}
        for analyzer in self._analyzers:
            for finding in self._run(analyzer, view):
                former = found.get(finding.key)
                if former is None or _RANK[finding.holds] > _RANK[former.holds]:
                    found[finding.key] = finding
        return list(found.values())

    def _run(self, analyzer: Analyzer, view: FactView) -> list[Finding]:
        if analyzer.name in self.broken:
            return []
        try:
            return [_signed(one, analyzer.name) for one in analyzer.analyze(view)]
        except Exception as error:  # a pack's fault must not end an investigation
            _log.warning("analyzer %s failed and is left out: %r", analyzer.name, error)
            self.broken[analyzer.name] = f"{type(error).__name__}: {error}"
            return []


def _signed(finding: Finding, name: str) -> Finding:
    """Who decided it is core's to say; so is what suffices."""
    by = finding.decided_by if finding.decided_by.startswith("playbook:") else f"analyzer:{name}"
    return finding.model_copy(update={"sufficient": False, "decided_by": by})
