"""Reports as values that are written as JSON."""
