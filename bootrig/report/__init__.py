"""Verdicts and outcomes for people and for machines."""
