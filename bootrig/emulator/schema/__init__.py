"""What a QEMU says about itself."""
