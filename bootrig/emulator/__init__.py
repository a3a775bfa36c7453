"""QEMU: discovery, machine definitions, guests and their QMP sessions."""
