"""``nephoscope prompts``: what models are told: list, show, render, lint, diff."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import exits, options

if TYPE_CHECKING:
    from nephoscope.prompting import PromptRegistry, PromptTemplate

app = typer.Typer(no_args_is_help=False)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The prompt, as 'nephoscope prompts list' names it.")]
_Model = Annotated[str, typer.Option("--model", metavar="NAME", help="As this model gets it: provider:name, or the name.")]
_Values = Annotated[
    list[str] | None, typer.Option("--value", metavar="NAME=VALUE", help="A variable: JSON, or plain words where it is a text. Repeatable.")
]
_File = Annotated[Path | None, typer.Option("--values", metavar="FILE", help="Variables as one JSON object; '-' is standard input.")]
_Test = Annotated[str | None, typer.Option("--test", metavar="NAME", help="Begin with the values of this test of the prompt.")]
_Folders = Annotated[list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Folders of prompt files; without any, those of the packs.")]


@app.callback(invoke_without_command=True)
def prompts(context: typer.Context) -> None:
    """What models are told."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    *,
    role: Annotated[str | None, typer.Option(metavar="NAME", help="Only those for this role, such as planner.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the prompts of all packs."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import prompt_table

    with Output(as_json=as_json) as output:
        registry = _registry()
        chosen = [prompt for prompt in registry.prompts.values() if role in (None, prompt.tags.role)]
        if as_json:
            rows = [prompt.model_dump(mode="json", include={"id", "version", "description", "tags", "source"}) for prompt in chosen]
            output.document({"schema": "nephoscope.prompts/1", "prompts": rows, "faults": [each.message for each in registry.faults]})
            return
        for fault in registry.faults:
            output.note(fault.message)
        if chosen:
            rows_ = [(one.id, str(one.version), one.tags.role, ", ".join(one.tags.services), one.description) for one in chosen]
            output.results.print(prompt_table(rows_))
        else:
            output.note(f"no prompt for {role}" if role else "no pack with prompts is installed: pip install nephoscope-prompts")


@app.command()
def show(*, prompt_id: _Id, model: _Model = "", as_json: options.AsJson = False) -> None:
    """Show a prompt unfilled: its variables and its wording."""
    from nephoscope.cli.output import Output
    from nephoscope.prompting.wording import wording

    with Output(as_json=as_json) as output:
        prompt = _registry().get(prompt_id)
        if as_json:
            output.document({"schema": "nephoscope.prompt/1", "prompt": prompt.model_dump(mode="json"), "wording": wording(prompt, model)})
        else:
            output.write(f"{prompt.id}, version {prompt.version}: {prompt.description}\n{prompt.source}\n\n{wording(prompt, model)}")


@app.command()
def render(
    *,
    prompt_id: _Id,
    value: _Values = None,
    values: _File = None,
    test: _Test = None,
    model: _Model = "",
    as_json: options.AsJson = False,
) -> None:
    """Fill a prompt in: the messages exactly as a model is sent them."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.prompt_values import gathered

    with Output(as_json=as_json) as output:
        registry = _registry()
        messages = registry.render(prompt_id, gathered(registry.get(prompt_id), value or [], values, test), model)
        if as_json:
            rows = [message.model_dump() for message in messages]
            output.document({"schema": "nephoscope.messages/1", "prompt": prompt_id, "model": model, "messages": rows})
        else:
            output.write("\n".join(f"[{message.role}]\n{message.content}\n" for message in messages))


@app.command("lint")
def lint_(folders: _Folders = None, as_json: options.AsJson = False) -> None:
    """Check prompts and run their tests; 1 when anything is wrong."""
    from nephoscope.cli.output import Output
    from nephoscope.prompting import lint, load_prompts

    with Output(as_json=as_json) as output:
        registry = load_prompts(_existing(folders)) if folders else _registry()
        faults = lint(registry)
        if as_json:
            output.document({"schema": "nephoscope.lint/1", "prompts": list(registry.prompts), "faults": [each.model_dump() for each in faults]})
        else:
            for each in faults:
                output.write(f"{each.message}\n  do: {each.fix}\n")
            output.note(f"{len(registry.prompts)} prompts, {len(faults)} faults")
        raise typer.Exit(exits.INCONCLUSIVE if faults else exits.OK)


@app.command()
def diff(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="A prompt: its id, a file, or either followed by '@' and a model.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="Another, or the same for another model.")],
) -> None:
    """Show how two prompts, or two models' wordings of one, differ."""
    from difflib import unified_diff

    from nephoscope.cli.output import Output
    from nephoscope.prompting.wording import wording

    with Output() as output:
        registry = _registry()
        before, after = (wording(*_named(registry, words)).splitlines() for words in (left, right))
        lines = list(unified_diff(before, after, fromfile=left, tofile=right, lineterm=""))
        output.write("".join(f"{line}\n" for line in lines))
        if not lines:
            output.note("no difference")


def _registry() -> PromptRegistry:
    from nephoscope.cli.session import open_session
    from nephoscope.prompting import load_prompts

    return load_prompts(open_session({}).plugins.prompts)


def _named(registry: PromptRegistry, words: str) -> tuple[PromptTemplate, str]:
    """A prompt by ``ID``, ``FILE.yaml``, ``ID@MODEL`` or ``FILE.yaml@MODEL``, and the model."""
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.prompting.registry import read_prompt
    from nephoscope.prompting.template import Fault

    name, _, model = words.partition("@")
    if not name.endswith((".yaml", ".yml")):
        return registry.get(name), model
    if not Path(name).is_file():
        raise UsageError(f"There is no file {name}.", "give the id of a prompt, or a file that exists")
    read = read_prompt(Path(name))
    if isinstance(read, Fault):
        raise read.error()
    return read, model


def _existing(folders: list[Path]) -> list[Path]:
    from nephoscope.interfaces.errors import UsageError

    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", "give a folder of prompt files")
    return folders
