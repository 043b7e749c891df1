"""A model that follows a script: a YAML file of requests and the replies to them, written down beforehand. It thinks nothing.

For trying things without a provider: ``--model scripted:FILE``. It speaks through the same gateway as every model, and can do what
providers do to one: cut replies off, send nonsense, refuse, ask to wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from nephoscope.interfaces import UsageError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason, Frozen, JsonValue

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

NAME = "scripted"


class When(Frozen):
    """What the words of a request must be like; every condition given must hold. ``last``: of the last message only."""

    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    matches: str = ""
    last: tuple[str, ...] = ()

    def fits(self, text: str, last: str) -> bool:
        """Whether they are."""
        return (
            all(words in text for words in self.contains)
            and not any(words in text for words in self.lacks)
            and all(words in last for words in self.last)
            and (not self.matches or re.search(self.matches, text, re.DOTALL) is not None)
        )


class Trouble(Frozen):
    """A request that fails as at a provider."""

    kind: FaultKind
    message: str = "scripted trouble"
    retry_after: float | None = None


class Line(Frozen):
    """A reply, or trouble. ``json`` is written out as a provider would; ``cut``: so many characters come at a time.

    ``goes_on``: what the model does when told to go on with a reply that was cut off. ``times``: how often the line is used; 0: always.
    """

    when: When = When()
    text: str | None = None
    json_: JsonValue = Field(default=None, alias="json")
    trouble: Trouble | None = None
    finish: FinishReason = "stop"
    cut: int | None = Field(default=None, gt=0)
    goes_on: Literal["as told", "without a word", "from the line", "from the start", "elsewhere"] = "as told"
    times: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Line:
        if sum(one is not None for one in (self.text, self.json_, self.trouble)) != 1:
            raise ValueError("a line has one of text, json and trouble")
        return self


class Scripture(Frozen):
    """A script. The first line that fits and is not used up is spoken."""

    description: str = ""
    lines: tuple[Line, ...] = Field(min_length=1)


def read_script(path: Path) -> Scripture:
    """The script in a file. Raises ``UsageError`` naming it."""
    try:
        return Scripture.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The scripted model {path} cannot be read: {error}.", "name a file: --model scripted:FILE") from None
    except yaml.YAMLError as error:
        raise UsageError(f"The scripted model {path} is not YAML: {' '.join(str(error).split())}.", "correct that line") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{path}: {where}: {str(first['msg']).removeprefix('Value error, ')}.", "see docs/reference/scripted-models.md") from None


class ScriptedFault(Exception):
    """Trouble of a script, on its way to be classified."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble


class ScriptedBackend:
    """The backend of ``scripted:FILE``. Each file has one memory of the lines that were used up."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def needs_key(self) -> bool:
        return False

    @property
    def local(self) -> bool:
        return True

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """A chat model that follows the file named by the connection's model."""
        from nephoscope.llm.scripted_chat import ScriptedChat

        path = Path(connection.model).expanduser()
        return ScriptedChat(path=str(path), script=read_script(path), used=_used(str(path.absolute())))

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        ended: FinishReason = metadata.get("finish", "other")
        return ended

    def fault(self, error: BaseException) -> Fault | None:
        if not isinstance(error, ScriptedFault):
            return None
        trouble = error.trouble
        return Fault(kind=trouble.kind, message=trouble.message, retry_after=trouble.retry_after)


@lru_cache(maxsize=64)
def _used(path: str) -> dict[int, int]:
    """How often each line of a file was used in this process."""
    return {}


def chosen(script: Scripture, used: Mapping[int, int], messages: Sequence[str]) -> int | None:
    """The number of the line to speak; ``None``: the script knows nothing to say."""
    text = "\n".join(messages)
    for number, line in enumerate(script.lines):
        if (not line.times or used.get(number, 0) < line.times) and line.when.fits(text, messages[-1] if messages else ""):
            return number
    return None
