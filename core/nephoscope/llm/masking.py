"""Identifiers replaced before a model sees them, and put back into what it says."""

from __future__ import annotations

from nephoscope.models import JsonValue


class Mask:
    """What stands for what, consistent within a run."""

    def hide(self, text: str) -> str:
        """The text with stand-ins."""
        return text

    def restore(self, text: str) -> str:
        """The text with what the stand-ins stand for."""
        return text

    def restore_in(self, value: JsonValue) -> JsonValue:
        """A value with every string in it restored."""
        if isinstance(value, str):
            return self.restore(value)
        if isinstance(value, list):
            return [self.restore_in(item) for item in value]
        if isinstance(value, dict):
            return {self.restore(key): self.restore_in(item) for key, item in value.items()}
        return value
