"""A language-model server on loopback whose "model" is a script: the providers' wire formats over real HTTP, and every way they fail.

For tests and for trying things without a key. Nothing in it thinks: a brain, which is a function or a YAML file, says what each
request gets. Started by hand: ``python -m nephoscope.testing.llm_server --script FILE --port 0``.
"""

from nephoscope.testing.llm_server.exchange import Asked, Dialect, Refusal, Reply, Said, Spoken, ToolCall, Trouble
from nephoscope.testing.llm_server.script import Brain, Script, load_script
from nephoscope.testing.llm_server.server import LLMServer, Recorded

__all__ = [
    "Asked",
    "Brain",
    "Dialect",
    "LLMServer",
    "Recorded",
    "Refusal",
    "Reply",
    "Said",
    "Script",
    "Spoken",
    "ToolCall",
    "Trouble",
    "load_script",
]
