"""The problem in a person's words: from the command line, standard input, or a prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from nephoscope.cli import streams
from nephoscope.interfaces.errors import UsageError

MOST_BYTES: Final = 200_000
"""What is taken from a pipe, which may never end. How much of it is read as the problem is the application's to say."""
_HINT: Final = 'say what hurts in a sentence, for example: nephoscope investigate "uploads to bucket orders-in no longer trigger resize"'


def read_problem(words: Sequence[str]) -> str:
    """The problem text, cleaned. ``-`` or a pipe: standard input; nothing on a terminal: a prompt. Raises ``UsageError``."""
    from nephoscope.reporting.text import clean_block

    given = " ".join(words)
    if given == "-" or (not given and not streams.is_terminal(sys.stdin)):
        given = sys.stdin.buffer.read(MOST_BYTES).decode("utf-8", "replace")
    elif not given:
        given = _prompted()
    text = clean_block(given.encode("utf-8", "replace").decode()).strip()
    if not text:
        raise UsageError("There is no problem to investigate.", _HINT)
    return text


def _prompted() -> str:
    sys.stderr.write("What is wrong? (one line; quotes and $ are safe here)\n> ")
    sys.stderr.flush()
    return sys.stdin.readline()
