"""Hydra configuration: numbers in YAML, logic in code."""
