"""Suite for readers of other tools' findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nephoscope.interfaces import Importer
from nephoscope.models import JsonValue
from nephoscope.testing.conformance.base import Suite

_ODD: tuple[JsonValue, ...] = (None, 5, [], {}, "x", {"resources": [], "Resources": 7})


class ImporterSuite(Suite):
    """``files``: name → records that the tool wrote, each of which is a finding."""

    interface = Importer
    subject: Importer
    files: Mapping[str, Sequence[JsonValue]] = {}

    def test_every_record_is_taken_with_its_origin_and_place(self, tmp_path: Path) -> None:
        """None is lost, and each can be found again."""
        for name, records in self.samples("files").items():
            taken = self.subject.read(tmp_path / name, records)
            assert taken is not None and not taken.troubles, name
            assert len(taken.findings) == len(records), name
            assert {one.origin for one in taken.findings} == {self.subject.name}
            assert len({one.place for one in taken.findings}) == len(records)
            assert all(one.check and one.resource.id for one in taken.findings), name

    def test_what_cannot_be_read_is_told_and_the_rest_is_kept(self, tmp_path: Path) -> None:
        """Wherever it stands in the file."""
        for name, records in self.samples("files").items():
            for odd in _ODD:
                for broken in ([*records, odd], [odd, *records]):
                    taken = self.subject.read(tmp_path / name, broken)
                    assert taken is not None, (name, odd)
                    assert (len(taken.findings), len(taken.troubles)) == (len(records), 1), (name, odd)

    def test_files_of_others_are_left_to_others(self, tmp_path: Path) -> None:
        """No guess at what is not known."""
        assert self.subject.read(tmp_path / "other.json", [{"some": "thing"}, 5, None]) is None
        assert self.subject.read(tmp_path / "other.json", []) is None
