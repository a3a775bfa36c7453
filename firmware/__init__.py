"""Option ROMs, ROM sets and guest programs: formats only, no processes, no network."""
