"""Prompts: YAML files of packs, rendered with declared variables; what comes from a cloud enters as data only."""

from nephoscope.prompting.lint import lint
from nephoscope.prompting.registry import PromptRegistry, load_prompts
from nephoscope.prompting.rendering import Message
from nephoscope.prompting.template import Fault, PromptTemplate

__all__ = ["Fault", "Message", "PromptRegistry", "PromptTemplate", "lint", "load_prompts"]
