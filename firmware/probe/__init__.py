"""Programs that run inside guests, and their images: patched with a run's nonce, padded to a size."""
