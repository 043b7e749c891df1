"""Core's own plugins, registered through the same hooks as anybody's."""

from __future__ import annotations
