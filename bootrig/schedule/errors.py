"""Errors of this room.

RigError
└── PoolError    the process that forks the cells is gone
"""

from bootrig.errors import RigError


class PoolError(RigError):
    """The process that forks the cells is gone."""
