"""What a script goes through before it may run: rewriting, then judging of the final bytes. No isolation: that is the sandbox's."""

from nephoscope.validation.pipeline import Validated, chosen, validate

__all__ = ["Validated", "chosen", "validate"]
