"""A program that runs a graph with a model in it, as the engine does, and says when it is about to leave.

Arguments: the setting ``tracing``, the collector's address, the model server's address, a folder for the record. Its last line of output
is when it was about to leave the traced part, when it had left it, and the link.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from nephoscope.models import Connection
from nephoscope.plugin.manager import load_plugins
from nephoscope.settings import Settings
from nephoscope.store.run import RunStore
from nephoscope.watching import watched
from nephoscope_llm_openai.backend import OpenAIBackend

SECRET = "hunter2-of-the-cloud"


class State(TypedDict):
    words: str


def main() -> None:
    tracing, endpoint, model_url, folder = sys.argv[1:]
    model = OpenAIBackend().chat_model(Connection(model="m", base_url=model_url))

    def plan(state: State) -> dict[str, Any]:
        return {"words": str(model.invoke(f"what about {state['words']}?", config={"tags": [SECRET], "metadata": {SECRET: [SECRET]}}).text)}

    def fail(state: State) -> dict[str, Any]:
        raise RuntimeError(f"failed at {SECRET}")

    graph: Any = StateGraph(State)
    graph.add_node("plan", plan).add_node("fail", fail).add_edge(START, "plan").add_edge("plan", "fail").add_edge("fail", END)
    settings = Settings(tracing=tracing, tracing_endpoint=endpoint, models=("openai:m",))
    run = Path(folder) / "r-test"
    run.mkdir()
    found = ""
    with watched(settings, load_plugins(), RunStore(run), lambda text: text.replace(SECRET, "***")) as link:
        with contextlib.suppress(RuntimeError):
            graph.compile().invoke({"words": SECRET})
        begun = time.time()
        found = link()
    sys.stdout.write(f"{begun} {time.time()} {found}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
