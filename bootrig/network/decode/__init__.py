"""Captures, packet by packet: what was on the wire, as facts."""
