"""Hostile bytes become bounded, plain data."""

from __future__ import annotations

import json

import pytest

from nephoscope.boundary.sandbox.channel import CUT, MAX_DEPTH, clip, statements


@pytest.mark.parametrize("text", ["a" * 1000, "\0" * 1000, "é" * 1000, "😀" * 1000, '"\\' * 500])
def test_clip_counts_the_escaped_form_and_keeps_both_ends(text):
    for room in (0, 1, 100, 999):
        clipped, cut = clip(text.encode(), room)
        assert cut and len(json.dumps(clipped)) - 2 <= max(room, len(json.dumps(CUT)) - 2)
    assert clip(text.encode(), 20_000) == (text, False)


def test_a_deep_statement_is_kept_up_to_the_bound():
    def nested(depth: int) -> bytes:
        return b'{"a":' * depth + b"1" + b"}" * depth

    assert len(statements(nested(MAX_DEPTH), 10_000)[0]) == 1
    assert statements(nested(MAX_DEPTH + 1), 10_000) == ((), 1)


def test_statements_stop_where_the_room_ends():
    lines = b"".join(json.dumps({"n": n}).encode() + b"\n" for n in range(100))
    kept, dropped = statements(lines, 80)
    assert len(kept) == 10 and dropped == 90 and kept[0] == {"n": 0}


def test_what_comes_through_survives_strict_json():
    kept, _ = statements(b'{"\\ud83d\\ude00": [1.5, -9223372036854775807, null, true, "\\u0000"]}\n{"\\udc00": 1}\n{"a": -9223372036854775809}', 1000)
    assert len(kept) == 1
    assert json.loads(json.dumps(kept[0], allow_nan=False).encode()) == kept[0]
