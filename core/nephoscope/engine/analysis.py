"""Runs all analyzers over a view and brings their findings together."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from nephoscope.interfaces import Analyzer, FactView
from nephoscope.models import Finding

_log = logging.getLogger("nephoscope.engine")
_RANK = {"yes": 2, "no": 1, "unknown": 0}


class Analysis:
    """The analyzers of a run. One that raises is left out from then on, and named in ``broken``.

    One with a true ``fallback`` is heard only where the others neither found a cause nor saw everything in order. Whether it is, the
    account as it is decides: a supposition neither brings it in nor sends it away.
    """

    def __init__(self, analyzers: Sequence[Analyzer]) -> None:
        self._analyzers = [one for one in analyzers if not getattr(one, "fallback", False)]
        self._fallbacks = [one for one in analyzers if getattr(one, "fallback", False)]
        self.broken: dict[str, str] = {}

    def __call__(self, view: FactView) -> list[Finding]:
        """All findings, one per cause and subject: a decided one before an open one, a dedicated analyzer's before a playbook's."""
        found = self._all(self._analyzers, view)
        if self._fallbacks:
            real = getattr(view, "real", view)
            judged = found if real is view else self._all(self._analyzers, real)
            if not settled(judged) or _unseen(judged):
                doubtful = any(one.holds == "unknown" and one.role == "cause" and one.on_path for one in found)
                known = {one.key for one in found}
                beside = [one for one in self._all(self._fallbacks, view) if one.key not in known and (not settled(judged) or _telling(one))]
                found += [one.model_copy(update={"last": True, **({"suppose": ()} if doubtful else {})}) for one in beside]
        return found

    def _all(self, analyzers: Sequence[Analyzer], view: FactView) -> list[Finding]:
        found: dict[str, Finding] = {}
        for analyzer in analyzers:
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


def settled(findings: Sequence[Finding]) -> bool:
    """Whether a cause holds on the symptom's path, or everything on it was seen in order."""
    path = [one for one in findings if one.on_path]
    if any(one.role == "cause" and one.holds == "yes" for one in path):
        return True
    seen = [one for one in path if one.role == "observation"]
    return bool(seen) and all(one.holds == "yes" for one in seen) and not any(one.role == "cause" and one.holds == "unknown" for one in path)


def _unseen(findings: Sequence[Finding]) -> bool:
    """Whether something that should be seen to work leaves no trace here, though nothing on the path speaks against it."""
    held = any(one.role == "cause" and one.holds == "yes" and one.on_path for one in findings)
    return not held and any(one.role == "observation" and one.holds == "unknown" and not one.on_path for one in findings)


def _telling(finding: Finding) -> bool:
    """A cause, or what may turn out to be one once it is looked at: where all else is in order, a bare doubt changes nothing."""
    return finding.role == "cause" and (finding.holds == "yes" or bool(finding.needs))


def _signed(finding: Finding, name: str) -> Finding:
    """Who decided it is core's to say; so is what suffices."""
    by = finding.decided_by if finding.decided_by.startswith("playbook:") else f"analyzer:{name}"
    return finding.model_copy(update={"sufficient": False, "last": False, "decided_by": by})
