"""A cell's network: namespaces, tap, servers, capture."""
