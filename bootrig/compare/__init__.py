"""From two sets of traces to a verdict."""
