"""The graph: fixed steps, fixed arrows. What to check is chosen; whether a guard runs is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from nephoscope.engine.context import Context
from nephoscope.engine.state import State, Update, checked

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

Node = Callable[[State, Context], Update]
_PHASES = {"plan": "plan", "generate": "generate", "validate": "validate", "execute": "execute", "rehearse": "rehearse"}


def build(context: Context, checkpointer: BaseCheckpointSaver[Any]) -> CompiledStateGraph[State, None, State, State]:
    """Compile the loop for one run."""
    from langgraph.graph import END, START, StateGraph

    from nephoscope.engine.nodes.approve import approve
    from nephoscope.engine.nodes.ask import ask
    from nephoscope.engine.nodes.collect import collect
    from nephoscope.engine.nodes.execute import execute
    from nephoscope.engine.nodes.generate import generate
    from nephoscope.engine.nodes.observe import observe
    from nephoscope.engine.nodes.plan import plan
    from nephoscope.engine.nodes.recommend import recommend
    from nephoscope.engine.nodes.rehearse import rehearse
    from nephoscope.engine.nodes.validate import validate
    from nephoscope.engine.nodes.verify import verify

    graph = StateGraph(State)
    nodes: dict[str, Node] = {
        "observe": observe, "plan": plan, "generate": generate, "validate": validate, "rehearse": rehearse, "approve": approve, "execute": execute,
        "collect": collect, "ask": ask, "verify": verify, "recommend": recommend,
    }  # fmt: skip
    for name, node in nodes.items():
        graph.add_node(name, cast(Any, _wrapped(name, node, context)))
    graph.add_edge(START, "observe")
    graph.add_edge("observe", "plan")
    graph.add_conditional_edges("plan", _outcome, {"checks": "generate", "question": "ask", "conclude": "verify"})
    graph.add_conditional_edges("generate", _outcome, {"run": "validate", "skip": "observe"})
    graph.add_conditional_edges("validate", _outcome, {"run": "execute", "rehearse": "rehearse", "approve": "approve", "repair": "generate"})
    graph.add_conditional_edges("rehearse", _outcome, {"run": "execute", "approve": "approve", "repair": "generate"})
    graph.add_conditional_edges("approve", _outcome, {"run": "execute", "edit": "validate", "skip": "observe"})
    graph.add_edge("execute", "collect")
    graph.add_conditional_edges("collect", _outcome, {"done": "observe", "skip": "observe", "repair": "generate"})
    graph.add_edge("ask", "observe")
    graph.add_edge("verify", "recommend")
    graph.add_edge("recommend", END)
    return graph.compile(checkpointer=checkpointer)


def _outcome(state: State) -> str:
    return state["outcome"]


def _wrapped(name: str, node: Node, context: Context) -> Callable[[State], Update]:
    """Validate what the node returns, and count its time."""

    def run(state: State) -> Update:
        with context.phase(_PHASES.get(name, "other")):
            return checked(name, node(state, context))

    run.__name__ = name
    return run
