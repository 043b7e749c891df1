"""The one-field changes of the suite pack, for the scripts here."""

from nephoscope_suite_aws.mutators import Mutant, Step, mutants, near

__all__ = ["Mutant", "Step", "mutants", "near"]
