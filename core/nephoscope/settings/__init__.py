"""Settings: flags, environment, files, defaults, and above all of them what an organisation allows."""

from nephoscope.settings.load import Loaded, load_settings
from nephoscope.settings.model import Settings
from nephoscope.settings.reference import KeyReference

__all__ = ["KeyReference", "Loaded", "Settings", "load_settings"]
