"""What a function's own settings name, where the words name only the service that turns it away."""

from __future__ import annotations

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.access import targets
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.spoken import refused
from nephoscope_aws.looking.referring import estate


def named_by(view: FactView, workload: ResourceRef | None, lens: Lens) -> tuple[ResourceRef, ...]:
    """Things that exist, of the kinds that the words speak of, whose name or identifier is a value of the function's environment."""
    if workload is None or workload.native_type != "lambda:function":
        return ()
    spoken = dict.fromkeys(one for mention in estate().mentions(view.problem.text) if not mention.exact for one in mention.native_types)
    types = [one for one in spoken if one in targets.TYPES and one != workload.native_type]
    known, environment = lens.look(workload, "environment") if types else (True, None)
    if not known or not isinstance(environment, dict):
        return ()
    for native_type in types:
        if view.complete(native_type) is None and not refused(view, native_type):
            lens.want(native_type, "complete")
    values = {str(value) for value in environment.values() if value}
    return tuple(one for native_type in types for one in view.subjects(native_type) if {one.name, one.native_id, f"/{one.name}"} & values)
