"""The chat model of :mod:`nephoscope.llm.scripted`. Imports LangChain, so it is imported where it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field, SkipValidation

from nephoscope.llm.continuing import MARK
from nephoscope.llm.scripted import Line, ScriptedFault, Scripture, Trouble, chosen

_GO_ON = re.compile(re.escape(MARK) + r".*?other words:\n(.*)\Z", re.DOTALL)


class ScriptedChat(BaseChatModel):
    """Says what its script says."""

    path: str
    script: Scripture
    used: SkipValidation[dict[int, int]] = Field(exclude=True)

    @property
    def _llm_type(self) -> str:
        return "nephoscope-scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        texts = [str(message.text) for message in messages]
        told = _GO_ON.search(texts[-1]) if texts and len(messages) > 1 else None
        asked = texts[: self._beginning(messages)] if told else texts
        number = self._line_of(asked, going_on=bool(told))
        line = self.script.lines[number]
        if line.trouble is not None:
            raise ScriptedFault(line.trouble)
        whole = line.text if line.text is not None else json.dumps(line.json_, ensure_ascii=False, indent=1)
        text = _went_on(line, whole, texts[-2], told[1]) if told else whole
        return self._result(text[: line.cut], "length" if line.cut and len(text) > line.cut else line.finish, texts)

    def _line_of(self, asked: Sequence[str], *, going_on: bool) -> int:
        if going_on:
            remembered = self.used.get(-1 - hash(tuple(asked)))
            if remembered is not None:
                return remembered
        number = chosen(self.script, self.used, asked)
        if number is None:
            raise ScriptedFault(Trouble(kind="invalid", message=f"the script {self.path} has no line for this request: {asked[-1][:200]!r}"))
        self.used[number] = self.used.get(number, 0) + 1
        self.used[-1 - hash(tuple(asked))] = number
        return number

    @staticmethod
    def _beginning(messages: Sequence[BaseMessage]) -> int:
        """Where the talk about going on begins: after the last thing that was asked otherwise."""
        end = len(messages)
        while end >= 2 and isinstance(messages[end - 2], AIMessage) and _GO_ON.search(str(messages[end - 1].text)):
            end -= 2
        return end

    @staticmethod
    def _result(text: str, finish: str, texts: Sequence[str]) -> ChatResult:
        asked, said = sum(map(len, texts)) // 4 + 1, len(text) // 4 + 1
        message = AIMessage(
            content=text,
            response_metadata={"finish": finish},
            usage_metadata={"input_tokens": asked, "output_tokens": said, "total_tokens": asked + said},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def _went_on(line: Line, whole: str, so_far: str, anchor: str) -> str:
    if line.goes_on == "without a word":
        return whole[len(so_far) :]
    if line.goes_on == "from the line":
        return whole[so_far.rfind("\n") + 1 :]
    if line.goes_on == "from the start":
        return whole
    if line.goes_on == "elsewhere":
        return "As I said, the rest is obvious.\n"
    kept = so_far.rfind(anchor) + len(anchor)
    return f"{MARK}\n{anchor}{whole[kept:]}"
