"""Reports on a terminal: matrices, sentences, progress."""
