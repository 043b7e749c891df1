"""``nephoscope settings``: what is in force, where it came from, what was ignored."""

from __future__ import annotations

from nephoscope.cli import options


def settings(as_json: options.AsJson = False) -> None:
    """Show every setting with its value and origin, and what was ignored."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import settings_tables
    from nephoscope.settings import load_settings

    with Output(as_json=as_json) as output:
        loaded = load_settings({})
        rows = list(loaded.rows())
        ignored = [(item.key, item.where, item.why) for item in loaded.ignored]
        if as_json:
            output.document(
                {
                    "schema": "nephoscope.settings/1",
                    "settings": [{"key": key, "value": value, "origin": origin} for key, value, origin in rows],
                    "ignored": [{"key": key, "where": where, "why": why} for key, where, why in ignored],
                }
            )
        else:
            for table in settings_tables(rows, ignored):
                output.results.print(table)
