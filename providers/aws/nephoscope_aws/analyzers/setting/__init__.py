"""Settings judged by rules that stand in the playbooks: values that stop a thing, references that lead nowhere, pairs that do not fit."""
