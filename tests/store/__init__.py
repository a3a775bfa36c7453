"""Tests of bootrig/store."""
