"""The two markers of the plugin contract."""

import pluggy

PROJECT = "nephoscope"
ENTRY_POINT_GROUP = "nephoscope"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
