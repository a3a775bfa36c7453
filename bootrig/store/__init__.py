"""Content-addressed files, and the ways in which they are obtained."""
