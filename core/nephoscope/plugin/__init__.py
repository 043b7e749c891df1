"""The pluggy host: markers, hook specs, manager, errors."""

from nephoscope.plugin.markers import ENTRY_POINT_GROUP, hookimpl, hookspec

__all__ = ["ENTRY_POINT_GROUP", "hookimpl", "hookspec"]
