"""Reports: one module a format, with a value `FORMAT`; `terminal` prints them for people."""
