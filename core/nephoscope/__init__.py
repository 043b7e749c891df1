"""Nephoscope: iterative, evidence-first troubleshooting of clouds."""

__version__ = "0.1.0"
