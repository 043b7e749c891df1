"""``inspect``: an account against a set of controls, through the same boundary as an investigation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nephoscope import archive
from nephoscope.interfaces import Control
from nephoscope.models import JsonValue
from nephoscope.models.inspection import Inspection
from nephoscope.store.ledger import now
from nephoscope.store.run import RunStore

if TYPE_CHECKING:
    from nephoscope.conducting import Conductor
    from nephoscope.engine.inspecting import Inspector

Running = Callable[["Inspector"], None]
"""Is told of the inspector once there is one, so that somebody can stop it."""


def inspect(controls: Sequence[Control], store: RunStore, conductor: Conductor, running: Running) -> Inspection:
    """Inspect what the record's scopes open, and keep the document beside the record.

    Raises :class:`nephoscope.interfaces.NephoscopeError` while nothing was inspected.
    """
    from nephoscope.engine.inspecting import Inspector
    from nephoscope.engine.summing import sum_up

    started = now()
    store.put_all({"inspection": [one.name for one in controls], "started_at": started})
    with conductor.boundary(store) as (boundary, lease):
        context = conductor.context(store, boundary, lease)
        scopes: list[JsonValue] = [{"account": i.account, "principal": i.principal, "regions": list(i.regions)} for i in context.identities]
        told = f"{len(controls)} checks"
        context.emit("run_started", id=store.id, problem=told, scopes=scopes, isolation=lease.isolation, planner="inspect", model="")
        inspector = Inspector(context, controls, started[:16] + ":00Z")
        running(inspector)
        done = sum_up(context, controls, inspector.run(), started)
    archive.write_inspection(done, store.dir)
    return done
