"""Scripts by a language model: one small script per check, mended with the validators' hints and what running it showed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nephoscope.interfaces import View
from nephoscope.models import Check, Failure, JsonValue, Script, ScriptEnvironment, Try, Violation
from nephoscope.validation.imports import STANDARD
from nephoscope_planner_llm.briefing import facts
from nephoscope_planner_llm.columns import brief

_FENCED = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_CANNOT = re.compile(r"\A\W*CANNOT:", re.IGNORECASE)
MOST_ATTEMPTS = 3
SECONDS = 60
KNOWN = 6_000


class ModelGenerator:
    """Implements :class:`nephoscope.interfaces.Generator`. Writes for checks that no list of reads can make."""

    name = "model"

    def generate(self, check: Check, view: View) -> Script | None:
        """A first script; ``None`` where there is no model, or where the model sees no way."""
        kit = view.environment.get(check.cloud)
        if view.models is None or check.reads or not isinstance(kit, ScriptEnvironment):
            return None
        regions = dict.fromkeys(region for one in view.identities if one.cloud == check.cloud for region in one.regions)
        values: dict[str, JsonValue] = {
            **_surroundings(check, kit),
            "versions": dict(kit.versions),
            "idioms": [*kit.idioms],
            "tiers": [*sorted(str(tier) for tier in view.granted)],
            "seconds": SECONDS,
            "regions": [*list(regions)[:12]],
            "known": _known(view),
        }
        answer = view.models.ask("generator", "generator.check-script", values)
        return _script(answer.text, answer.model, check, former="")

    def repair(self, script: Script, trouble: Sequence[Violation] | Failure, view: View) -> Script | None:
        """The script mended; ``None`` where the model gives up, or repeats itself."""
        kit = view.environment.get(script.check.cloud)
        if view.models is None or not isinstance(kit, ScriptEnvironment) or not script.author.startswith(("model:", "skill:")):
            return None
        tries = _tries(script, view)
        values: dict[str, JsonValue] = {
            **_surroundings(script.check, kit),
            "attempt": len(tries) or 1,
            "attempts": MOST_ATTEMPTS,
            "script": script.source,
            **_trouble(trouble),
        }
        if earlier := [_told(one) for one in tries[:-1]]:
            values["earlier"] = earlier
        answer = view.models.ask("repairer", "repairer.script", values)
        return _script(answer.text, answer.model, script.check, former=script.source)


def _surroundings(check: Check, kit: ScriptEnvironment) -> dict[str, JsonValue]:
    said: dict[str, JsonValue] = {"intent": check.intent, "params": dict(check.params)}
    return {"cloud": check.cloud, "imports": [*kit.imports], "standard": [*sorted(STANDARD)], "check": said}


def _known(view: View) -> list[JsonValue]:
    """Facts a script may rely on for names."""
    rows, used = list[JsonValue](), 0
    for group in facts(view):
        small = brief(group, 1_200)
        used += len(str(small))
        if used > KNOWN:
            break
        rows.append(small)
    return rows


def _trouble(trouble: Sequence[Violation] | Failure) -> Mapping[str, JsonValue]:
    if isinstance(trouble, Failure):
        return {"failure": trouble.model_dump(mode="json")}
    worst = sorted(trouble, key=lambda one: {"error": 0, "warning": 1, "info": 2}[one.severity])
    return {"violations": [one.model_dump(mode="json") for one in worst[:20]]}


def _tries(script: Script, view: View) -> Sequence[Try]:
    """The attempts of the step that the script belongs to."""
    return next((one.tries for one in reversed(view.rounds) if any(each.source == script.source for each in one.tries)), ())


def _told(one: Try) -> JsonValue:
    return {"attempt": one.number, "trouble": one.trouble, "diff": one.diff[:1500]}


def _script(answer: str, model: str, check: Check, *, former: str) -> Script | None:
    if _CANNOT.match(answer):
        return None
    blocks = _FENCED.findall(answer)
    source = (max(blocks, key=len) if blocks else answer).strip() + "\n"
    if source.strip() == former.strip():
        return None
    return Script(source=source, check=check, cloud=check.cloud, author=f"model:{model}")
