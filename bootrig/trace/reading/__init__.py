"""What a trace means: identity, stages, milestones, outcome."""
