"""Formatting, so that people review every script in one hand."""

from __future__ import annotations

import threading

from nephoscope.models import Script, ScriptEnvironment

LINE_LENGTH = 100
_IMPORTING = threading.Lock()
"""Black is not whole while another thread is importing it."""


class Black:
    """Rewriter: Black, with its own check that the meaning is the same."""

    name = "format:black"

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script:
        """The same script, formatted."""
        with _IMPORTING:
            import black
            from black.report import NothingChanged

        try:
            source = black.format_file_contents(script.source, fast=False, mode=black.Mode(line_length=LINE_LENGTH))
        except NothingChanged:
            return script
        return script.model_copy(update={"source": source})


class Autopep8:
    """Rewriter: autopep8, which changes only what breaks PEP 8's rules of white space."""

    name = "format:autopep8"

    def rewrite(self, script: Script, environment: ScriptEnvironment) -> Script:
        """The same script, formatted."""
        import autopep8

        return script.model_copy(update={"source": autopep8.fix_code(script.source, options={"max_line_length": LINE_LENGTH})})
