"""Captures, packet by packet: from bytes to the events of a trace."""
