"""Suite for estates: facts that can be found again, checks whose scripts pass validation, commands that hide nothing."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Sequence

import pytest

from nephoscope import builtin
from nephoscope.interfaces import Advisor, Estate, Historian
from nephoscope.knowledge.paths import at
from nephoscope.llm.masking import Mask, faults
from nephoscope.models import Change, Check, FactQuery, Identity, Reply
from nephoscope.settings.model import NEVER_GRANTED
from nephoscope.testing.conformance.base import Suite
from nephoscope.validation import chosen, validate

HOSTILE = 'x\'; $(touch /tmp/x) `id` "&& rm -rf ~" | cat'
TEXTS = ("", " ", "the thing is broken", "“quoted” names", HOSTILE, "x" * 20_000, "\u202e\x00\ud800", "🔥" * 50, "a.b:c/d-e_f" * 40)


class EstateSuite(Suite):
    """``identity``; ``replies``: successful ones and modelled absences; ``changes``: mutating calls that fixes are made of."""

    interface = Estate
    subject: Estate
    identity: Identity
    replies: Sequence[Reply] = ()
    changes: Sequence[Change] = ()
    now = "2026-01-01T00:00:00Z"

    def test_options_are_optional_and_described(self) -> None:
        """The command line makes options of them, with help."""
        self.subject.options()
        assert [name for name, info in self.subject.options.model_fields.items() if not info.description] == []

    def test_identifiers_can_be_replaced_and_put_back(self) -> None:
        """Each kind is usable, and no text is lost by hiding and restoring it."""
        kinds = self.subject.identifiers()
        assert [fault for kind in kinds for fault in faults(kind)] == []
        mask = Mask(kinds)
        for text in (*TEXTS, *(str(reply.document) for reply in self.replies)):
            assert mask.restore(mask.hide(text)) == text

    def test_facts_stand_where_they_point(self) -> None:
        """Every sample gives facts of this cloud, and each pointer resolves in the document unless the fact is an absence."""
        for reply in self.samples("replies"):
            found = list(self.subject.facts(reply))
            assert found, reply.call.name
            assert found == list(self.subject.facts(reply))
            for extract in found:
                assert (extract.subject.cloud, bool(extract.subject.native_id), bool(extract.attribute)) == (self.subject.cloud, True, True)
                if not extract.absent and not extract.collection and extract.value is None:
                    at(reply.document, extract.pointer)

    def test_an_error_shows_nothing_but_modelled_absence(self) -> None:
        """A refused or unknown error is no fact."""
        for reply in self.samples("replies"):
            failed = reply.model_copy(update={"status": 500, "error": "SomethingNobodyModelled", "document": {"message": "no"}})
            assert list(self.subject.facts(failed)) == []

    def test_each_fact_can_be_asked_for_and_the_script_passes_validation(self) -> None:
        """Checks for the facts of the samples read this cloud; the pack's script for them is accepted as it stands."""
        written = 0
        for check in self._checks():
            assert check.cloud == self.subject.cloud
            assert all(read.cloud == self.subject.cloud for read in check.reads)
            script = self.subject.script(check, self.now)
            if script is not None:
                written += 1
                assert (script.check, script.cloud, script.author.partition(":")[0]) == (check, self.subject.cloud, "template")
                rewriters = chosen(builtin.nephoscope_register_rewriters(), "black")
                judged = validate(script, self.subject.environment(), rewriters, builtin.nephoscope_register_judges())
                assert judged.accepted, judged.violations
        assert written

    def test_parameters_cannot_leave_their_place_in_a_script(self) -> None:
        """A hostile name stays a string: the script still only asks."""
        for check in self._checks()[:20]:
            reads = [read.model_copy(update={"params": dict.fromkeys(read.params, HOSTILE + "\n") or {"Name": HOSTILE}}) for read in check.reads]
            hostile = check.model_copy(update={"reads": tuple(reads), "intent": f'"""\n{HOSTILE}\nimport os'})
            calm, script = self.subject.script(check, self.now), self.subject.script(hostile, self.now)
            if calm is not None and script is not None:
                assert _shape(script.source) == _shape(calm.source)
                judged = validate(script, self.subject.environment(), [], builtin.nephoscope_register_judges())
                assert judged.accepted, judged.violations

    def test_needed_permissions_are_named(self) -> None:
        """Gaps need words to ask for."""
        assert all(self.subject.permission(reply.call.name) for reply in self.samples("replies"))

    def test_any_words_can_be_read(self) -> None:
        """No text makes it raise; a mention is a piece of the text."""
        for text in TEXTS:
            for mention in self.subject.mentions(text):
                assert mention.text.lower() in text.lower()

    def test_commands_quote_every_value(self) -> None:
        """A value with a shell in it is one word of the command, wherever it stands."""
        for change in self.samples("changes"):
            calm = change.model_copy(update={"params": {key: "calm" if isinstance(value, str) else value for key, value in change.params.items()}})
            wild = change.model_copy(update={"params": {key: HOSTILE if isinstance(value, str) else value for key, value in change.params.items()}})
            plain, quoted = self.subject.render(calm), self.subject.render(wild)
            assert plain
            words = [len(shlex.split(command)) for command in plain]
            assert words == [len(shlex.split(command)) for command in quoted], quoted
            assert any("\u202e" in command for command in self.subject.render(_reversed(change))) is False

    def test_changes_are_asked_for_within_bounds(self) -> None:
        """An estate that knows of a record of changes reads it by reads that come to an end, and can make sense of any answer."""
        if not isinstance(self.subject, Historian):
            pytest.skip("it tells of no changes")
        subjects = {extract.subject.key: extract.subject for reply in self.samples("replies") for extract in self.subject.facts(reply)}
        reads = [read for subject in subjects.values() for read in self.subject.history(subject, self.identity, self.now)]
        assert reads
        assert all(read.cloud == self.subject.cloud and read.pages for read in reads)
        for read in reads:
            operation = self.subject.operation(read.name)
            assert operation is not None and operation.tier not in NEVER_GRANTED
        for reply in self.samples("replies"):
            assert all(one.at and one.what for one in self.subject.happenings(reply))

    def test_advice_has_pages_that_can_be_opened(self) -> None:
        """What an estate tells beside commands: documentation by title and address, snippets in a language that is named."""
        if not isinstance(self.subject, Advisor):
            pytest.skip("it advises by commands alone")
        for change in self.samples("changes"):
            pages = self.subject.documented("", [change])
            assert all(one.title and one.url.startswith("https://") for one in pages)
            assert all(one.language and one.text for one in self.subject.snippets([change]))

    def _checks(self) -> list[Check]:
        queries = {
            query.key: query
            for reply in self.samples("replies")
            for extract in self.subject.facts(reply)
            for query in (FactQuery(subject=extract.subject, attribute=extract.attribute),)
        }
        return [check for query in queries.values() for check in self.subject.checks(query, [self.identity])]


def _shape(source: str) -> list[str]:
    """What a script does at the top: statements by kind, and imports by name."""
    return [ast.unparse(node) if isinstance(node, ast.Import | ast.ImportFrom) else type(node).__name__ for node in ast.parse(source).body]


def _reversed(change: Change) -> Change:
    return change.model_copy(update={"params": {key: f"a\u202eb{value}" for key, value in change.params.items()}})
