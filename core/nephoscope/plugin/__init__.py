"""The pluggy host: markers, hook specs, packs, and the typed facade over what they register."""

from nephoscope.plugin.markers import ENTRY_POINT_GROUP, hookimpl, hookspec

__all__ = ["ENTRY_POINT_GROUP", "hookimpl", "hookspec"]
