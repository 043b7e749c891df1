"""The pack keeps the contract."""

from nephoscope.testing.conformance import JudgeSuite
from nephoscope_template.short_scripts import ShortScripts


class TestShortScripts(JudgeSuite):
    subject = ShortScripts(most=3)
    accepted = ("print(1)\n", "print(1)\nprint(2)\nprint(3)\n")
    rejected = ("print(1)\n" * 4,)
