"""A person's editor, on a copy of a script that nobody else can read."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from nephoscope.interfaces.errors import UsageError

LARGEST = 200_000


def edited(source: str) -> str:
    """The text after the editor of ``VISUAL`` or ``EDITOR`` has ended; as it was when it failed. Raises ``UsageError`` without an editor."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="nephoscope-edit-") as folder:
        path = Path(folder) / "script.py"
        path.write_text(source, "utf-8")
        path.chmod(0o600)
        try:
            done = subprocess.run([*command, str(path)], check=False)
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise UsageError(f"the editor {' '.join(command)!r} cannot be used: {error}", "name one with EDITOR") from error
    if done.returncode or len(text) > LARGEST:
        return source
    return text
