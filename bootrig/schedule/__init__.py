"""Many cells: planning, running, confirming."""
