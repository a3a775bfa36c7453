from tests.store.fixtures import _no_configuration, server, store

__all__ = ["_no_configuration", "server", "store"]
