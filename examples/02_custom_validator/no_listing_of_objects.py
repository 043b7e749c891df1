"""A validator of your own: no script may list the objects of a bucket, because ours are too many.

The folder is a pack: the entry point in `pyproject.toml` names this module, and `pip install -e examples/02_custom_validator` makes it known.
"""

import ast
from collections.abc import Sequence

from nephoscope.models import Script, ScriptEnvironment, Violation
from nephoscope.plugin import hookimpl

FORBIDDEN = frozenset({"list_objects", "list_objects_v2", "list_object_versions"})


class NoListingOfObjects:
    """Judge: sees the very bytes that would run."""

    name = "no-listing-of-objects"

    def judge(self, script: Script, environment: ScriptEnvironment) -> Sequence[Violation]:
        return [
            Violation(rule="lists-objects", severity="error", line=node.lineno, message=f"{node.attr} is not wanted here", hint="ask for one key")
            for node in ast.walk(ast.parse(script.source))
            if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN
        ]


@hookimpl
def nephoscope_register_judges() -> Sequence[NoListingOfObjects]:
    return [NoListingOfObjects()]
