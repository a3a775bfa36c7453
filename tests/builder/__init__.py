"""Tests of bootrig/builder."""
