"""What outlives a run: run directories, found and read again."""
