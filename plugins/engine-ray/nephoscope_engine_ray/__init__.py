"""Cells of a comparison as tasks on a Ray cluster."""
