"""Options that several commands share; their names are settings, or flags that settings know."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from nephoscope.cli.choice import AskWhen

_WHERE: Final = "Where to look"
_HOW: Final = "How"
_MODELS: Final = "Language models"
_LIMITS: Final = "Limits"
_OUTPUT: Final = "Output"

Words = Annotated[list[str] | None, typer.Argument(metavar="[TEXT]", help="What is wrong, in your words. '-' or a pipe: standard input.")]
Cloud = Annotated[str | None, typer.Option(metavar="NAME", help="The cloud to look at.", rich_help_panel=_WHERE)]
Region = Annotated[str | None, typer.Option(metavar="NAME", help="The region to look at.", rich_help_panel=_WHERE)]
EndpointUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="An endpoint that stands for the cloud, such as an emulator's.", rich_help_panel=_WHERE)
]
AllowResource = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="A thing of another owner that may be asked about. Repeatable.", rich_help_panel=_WHERE)
]
Grant = Annotated[
    list[str] | None, typer.Option(metavar="TIER", help="Allow one more kind of read, such as 'shape'. Repeatable.", rich_help_panel=_WHERE)
]
Telemetry = Annotated[bool | None, typer.Option(help="Read logs and metrics, within a small budget.", rich_help_panel=_WHERE)]
Reuse = Annotated[
    float | None,
    typer.Option("--reuse", metavar="MINUTES", min=0, max=60, help="Take what earlier runs were told again, up to so old.", rich_help_panel=_HOW),
]
PlannerName = Annotated[str | None, typer.Option("--planner", metavar="NAME", help="Who decides what to check next.", rich_help_panel=_HOW)]
Model = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="[ROLE=]PROVIDER:NAME", help="A language model to use; without it none is. Repeatable.", rich_help_panel=_MODELS),
]
ModelBaseUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Where the models answer, when not at their provider's.", rich_help_panel=_MODELS)
]
ModelKey = Annotated[
    str | None,
    typer.Option(metavar="REF", help="Where the models' key is: env:NAME, file:PATH or keyring:NAME.", rich_help_panel=_MODELS),
]
Mask = Annotated[
    bool | None,
    typer.Option("--mask/--no-mask", help="Show models stand-ins for identifiers; default: unless they run here.", rich_help_panel=_MODELS),
]
ExecutorName = Annotated[
    str | None, typer.Option("--executor", metavar="NAME", help="What contains the scripts; auto: the first that holds.", rich_help_panel=_HOW)
]
Ask = Annotated[
    AskWhen | None, typer.Option(metavar="never|risky|always", help="When to ask you; never: take the safe default.", rich_help_panel=_HOW)
]
Answer = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="Answer to the next question. Repeatable.", rich_help_panel=_HOW)]
Prove = Annotated[
    bool | None, typer.Option("--prove/--no-prove", help="Try the fix out on an emulator, seeded from what was read.", rich_help_panel=_HOW)
]
Memory = Annotated[
    bool | None, typer.Option("--memory/--no-memory", help="Remember what is read, to find names in later runs.", rich_help_panel=_HOW)
]
UnsafeLocal = Annotated[
    bool | None, typer.Option("--unsafe-local", help="Run the packs' own scripts without isolation, on the emulator only.", rich_help_panel=_HOW)
]
MaxSteps = Annotated[int | None, typer.Option(metavar="N", min=1, help="Steps.", rich_help_panel=_LIMITS)]
MaxSeconds = Annotated[float | None, typer.Option(metavar="SECONDS", min=0, help="Wall-clock seconds.", rich_help_panel=_LIMITS)]
MaxCalls = Annotated[int | None, typer.Option(metavar="N", min=1, help="Calls to the cloud.", rich_help_panel=_LIMITS)]
MaxTokens = Annotated[int | None, typer.Option(metavar="N", min=0, help="Tokens of language models.", rich_help_panel=_LIMITS)]
MaxUsd = Annotated[float | None, typer.Option(metavar="USD", min=0, help="Dollars, cloud and models together.", rich_help_panel=_LIMITS)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; everything else on stderr.", rich_help_panel=_OUTPUT)]
Out = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write the report to a file too: .json the document, else Markdown.", rich_help_panel=_OUTPUT)
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.", rich_help_panel=_OUTPUT)]
Plain = Annotated[bool, typer.Option("--plain", help="One line per step instead of a live view.", rich_help_panel=_OUTPUT)]
RunId = Annotated[str, typer.Argument(metavar="ID", help="The investigation, as 'nephoscope runs' lists it.")]

_SWITCHES: Final = ("telemetry", "mask", "prove", "memory")
"""Of these, no is something said."""
_SETTINGS: Final = frozenset(
    "cloud region endpoint_url allow_resource grant telemetry reuse planner model model_base_url model_key mask executor ask "
    "unsafe_local prove memory max_steps max_seconds max_calls max_tokens max_usd quiet plain".split()
)


def flags(context: typer.Context) -> dict[str, Any]:
    """The options given to a command that are settings, as ``load_settings`` takes them. Switches that are off were not given."""
    given = {name: value for name, value in context.params.items() if name in _SETTINGS}
    return {name: getattr(value, "value", value) for name, value in given.items() if value not in (None, False, [], ()) or name in _SWITCHES}


def names(context: typer.Context) -> list[str]:
    """Every option the command itself has, for suggestions."""
    return [name for parameter in context.command.params for name in parameter.opts if name.startswith("--")]
