"""The real command in a process of its own, with an application that waits to be stopped, or asks."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from typing import Any

from nephoscope.cli import main, session
from nephoscope.models import Check, Event, Question, Script, Violation


def samples() -> Any:
    path = Path(__file__).parents[1] / "reporting" / "samples.py"
    spec = importlib.util.spec_from_file_location("report_samples", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Application:
    def __init__(self) -> None:
        self.stopped = False

    def request_stop(self) -> None:
        self.stopped = True

    def investigate(self, text: str, *, on_event: Any, ask: Any, approve: Any) -> Any:
        on_event(Event(kind="run_started", at="2026-11-22T10:05:00+00:00", data={"id": "r-7k2", "isolation": "bubblewrap"}))
        report = samples().confirmed()
        behaviour = os.environ["BEHAVIOUR"]
        if behaviour == "ask":
            answer = ask(Question(text="Which\x1b[2J one?", options=("first", "second"), assume="first"))
            return report.model_copy(update={"problem": f"answer={answer}"})
        if behaviour == "approve":
            check = Check(id="c", intent="look", cloud="sky")
            script = Script(source="print(1)\n", check=check, cloud="sky", author="model:m")
            yes = approve(script, [Violation(rule="r", severity="warning", line=1, message="prints")])
            return report.model_copy(update={"problem": f"answer={yes}"})
        while behaviour in ("drain", "hang"):
            time.sleep(0.02)
            if self.stopped and behaviour == "drain":
                return report.model_copy(update={"status": "interrupted"})
        return report


session.build = lambda opened: Application()  # type: ignore[assignment,return-value]
sys.argv[0] = "nephoscope"
main.main()
