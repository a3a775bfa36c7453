"""One boot: its specification, its servers and guest, its trace."""
