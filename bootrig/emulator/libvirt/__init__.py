"""Guests that libvirt starts."""
