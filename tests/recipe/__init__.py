"""Tests of bootrig/recipe."""
