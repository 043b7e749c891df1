"""``nephoscope skills``: scripts that worked, kept for the next time: list, show, forget, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.knowledge.skills import SkillLibrary

app = typer.Typer(no_args_is_help=False)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The skill, as 'nephoscope skills list' names it.")]


@app.callback(invoke_without_command=True)
def skills(context: typer.Context) -> None:
    """Scripts that worked, kept for the next time."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(*, as_json: options.AsJson = False) -> None:
    """List them, the newest version of each."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import skill_table

    with Output(as_json=as_json) as output:
        library = _library()
        found = library.all()
        if as_json:
            rows = [one.model_dump(mode="json", by_alias=True, exclude={"source"}) for one in found]
            output.document({"schema": "nephoscope.skills/1", "skills": rows, "faults": library.faults})
            return
        for fault in library.faults:
            output.note(fault)
        if found:
            output.results.print(
                skill_table([(one.name, one.cloud, one.intent, ", ".join(one.operations), one.origin.pack or one.origin.run) for one in found])
            )
        else:
            output.note("no skill yet: a model's script becomes one when it was rehearsed and its facts are part of a confirmed verdict")


@app.command()
def show(*, skill_id: _Id, as_json: options.AsJson = False) -> None:
    """Show one: what it is for, its test, where it is from, its script, and what changed between its versions."""
    import difflib
    import itertools

    from nephoscope.cli.output import Output
    from nephoscope.knowledge.skills import write_skill
    from nephoscope.reporting.text import clean_block

    with Output(as_json=as_json) as output:
        versions = _library().versions(skill_id)
        newest = versions[-1]
        if as_json:
            output.document({"schema": "nephoscope.skill/1", "skill": newest.model_dump(mode="json", by_alias=True), "versions": len(versions)})
            return
        origin = newest.origin
        where = f"from pack {origin.pack}" if origin.pack else f"kept from {origin.run} at {origin.kept_at}, written by {origin.author}"
        output.write(f"{newest.name}, {where}\n\n{clean_block(write_skill(newest))}")
        for before, after in itertools.pairwise(versions):
            lines = difflib.unified_diff(before.source.splitlines(), after.source.splitlines(), before.name, after.name, n=1, lineterm="")
            output.write("\n" + clean_block("\n".join(lines)) + "\n")


@app.command()
def forget(skill_id: _Id) -> None:
    """Delete every version of one."""
    from nephoscope.cli.output import Output

    with Output() as output:
        gone = _library().forget(skill_id)
        output.note(f"forgotten: {skill_id}, {gone} version{'s' if gone != 1 else ''}")


@app.command()
def export(
    *,
    skill_id: _Id,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write it; without, on standard output.")] = None,
) -> None:
    """Write one as a check that a pack can ship, in a folder given to `nephoscope_register_checks`."""
    from nephoscope.cli.investigate import room
    from nephoscope.cli.output import Output
    from nephoscope.knowledge.skills import write_skill

    with Output() as output:
        room(out)
        text = write_skill(_library().versions(skill_id)[-1])
        if out is None:
            output.write(text)
            return
        out.write_text(text, "utf-8")
        output.note(f"written: {out}; a pack ships it in a folder that nephoscope_register_checks() returns")


def _library() -> SkillLibrary:
    from nephoscope.cli.session import open_session
    from nephoscope.knowledge.skills import SkillLibrary

    session = open_session({})
    return SkillLibrary(session.loaded.settings.home, session.plugins.checks)
