"""Obtaining ROM sets and embedding them into an emulator's data directory."""
