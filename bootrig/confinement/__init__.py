"""What a process may see and do, as values, and the steps that make it so."""
