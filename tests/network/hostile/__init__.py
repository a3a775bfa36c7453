"""Packets of guests that mean harm, and what the decoders make of them."""
