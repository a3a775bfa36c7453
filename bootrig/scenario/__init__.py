"""Scenarios: what is tried in a boot, on which guests, and what is expected."""
