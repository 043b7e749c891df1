"""Generate: the script for a step, or a repaired one."""

from __future__ import annotations

from collections.abc import Callable

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.ending import end_step
from nephoscope.engine.expecting import named
from nephoscope.engine.rounds import failed_rehearsal, tries_left
from nephoscope.engine.state import State, Update
from nephoscope.interfaces import BudgetError, Generator, ModelError, NephoscopeError
from nephoscope.models import Script
from nephoscope.store.run import SKILLS_USED, Step


def generate(state: State, context: Context) -> Update:
    """Write the script of this attempt, unless the record holds it. No generator, no attempt left: the step ends as a gap."""
    number, attempt = state["step"], state["attempt"]
    step = context.store.step(number)
    if step is None:
        raise LookupError(f"step {number} was not planned")
    if any(one.number == attempt for one in context.store.attempts(number)):
        return {"outcome": "run"}
    script = _first(step, context) if attempt == 1 else _repaired(step, attempt, context) if tries_left(context.store, number) else None
    if script is None:
        return end_step(context, number, "gap")
    context.store.intend(number, attempt, script)
    context.emit("script", number, author=script.author, hash=script.hash, lines=script.source.count("\n"), path="")
    return {"outcome": "run"}


def _first(step: Step, context: Context) -> Script | None:
    view = dossier(context)
    estate = context.estates.get(step.check.cloud)
    written = estate.script(step.check, view.problem.now) if estate and step.check.reads else None
    return written or _skilled(step, view, context) or _some(context, lambda generator: generator.generate(step.check, view))


def _skilled(step: Step, view: Dossier, context: Context) -> Script | None:
    """A script that answered this question before; its values are the check's from now on."""
    estate = context.estates.get(step.check.cloud)
    found = context.skills.find(step.check, view) if context.skills and estate and not step.check.reads else None
    if found is None or estate is None:
        return None
    skill, given = found
    check = step.check.model_copy(update={"params": {**step.check.params, **given}})
    script = Script(source=skill.source, check=check, cloud=skill.cloud, author=f"skill:{skill.name}")
    strange = [one for one in (*named(script, estate), *skill.operations) if one not in skill.operations or estate.operation(one) is None]
    if strange:
        context.emit("notice", step.index, text=f"the skill {skill.name} is not used: it is not bound to {strange[0]}, or that is gone")
        return None
    context.store.reword_step(step.index, check)
    context.emit("notice", step.index, text=f"the skill {skill.name} answers this: {skill.intent}")
    used = context.store.get(SKILLS_USED, {})
    context.store.put(SKILLS_USED, {**(used if isinstance(used, dict) else {}), check.id: {"skill": skill.model_dump(mode="json"), "given": given}})
    return script


def _repaired(step: Step, attempt: int, context: Context) -> Script | None:
    last = context.store.attempts(step.index)[-1]
    script = context.store.script(last, step.check)
    if last.author.startswith("skill:"):
        context.emit("repair", step.index, attempt=attempt, reason=f"{last.author} told nothing here; a new script is written")
        view = dossier(context)
        return _some(context, lambda generator: generator.generate(step.check, view))
    trouble = last.result.failure if last.result else failed_rehearsal(context.store, last) or last.violations
    if not trouble:
        return None
    context.emit("repair", step.index, attempt=attempt, reason=trouble.message if not isinstance(trouble, tuple) else trouble[0].message)
    view = dossier(context)
    return _some(context, lambda generator: generator.repair(script, trouble, view))


def _some(context: Context, write: Callable[[Generator], Script | None]) -> Script | None:
    """The first script that any generator gives; one that fails is passed over."""
    for generator in context.generators:
        try:
            script = write(generator)
        except (BudgetError, ModelError) as error:
            context.emit("notice", text=f"generator {generator.name} writes no script: {error.message}")
        except NephoscopeError:
            raise
        except Exception as error:  # a pack's fault must not end an investigation
            context.emit("notice", text=f"generator {generator.name} failed and was passed over: {type(error).__name__}: {error}")
        else:
            if script is not None:
                return script
    return None
