"""What can name a ROM set, one module a kind: each has a `KIND`."""
