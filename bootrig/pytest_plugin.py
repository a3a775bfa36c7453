"""Fixtures for suites that boot guests with bootrig."""
