"""Files that people write: TOML, read with every fault at its place."""
