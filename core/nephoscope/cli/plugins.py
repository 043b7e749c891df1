"""``nephoscope plugins``: what is installed, what it registers, what is wrong with it."""

from __future__ import annotations

from nephoscope.cli import options


def plugins(as_json: options.AsJson = False) -> None:
    """List the packs: what each registers, the options it adds, and why one does not load."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.scope_options import fields_of
    from nephoscope.cli.session import open_session
    from nephoscope.reporting.listing import pack_tables

    with Output(as_json=as_json) as output:
        found = open_session({}).plugins
        records = found.records
        added = {cloud: {flag: field.description or "" for flag, (_, field) in fields_of(found.estates, cloud).items()} for cloud in found.estates}
        if as_json:
            rows = [{**vars(record), "registers": dict(record.registers)} for record in records]
            output.document({"schema": "nephoscope.plugins/1", "packs": rows, "options": added})
        else:
            for table in pack_tables(records, added):
                output.results.print(table)
