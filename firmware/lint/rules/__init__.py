"""Lint rules, one module a structure."""
