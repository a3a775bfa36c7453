"""QMP: a session with a running QEMU."""
