"""Tests of bootrig.trace.reading."""
