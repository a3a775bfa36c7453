"""EFI images: UEFI compression and PE headers."""
