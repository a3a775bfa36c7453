"""Tests of bootrig.compare."""
