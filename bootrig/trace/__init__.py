"""What one boot showed, as values that are written to a file and read back."""
