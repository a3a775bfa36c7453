"""Scenarios, cells and the traces that cells leave."""
