"""Tests of bootrig.report."""
