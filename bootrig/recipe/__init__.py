"""Recipes: what users write in TOML, as frozen values."""
