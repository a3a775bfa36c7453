"""Errors of planning and running cells.

InputError
└── CellSelectionError        filters name what does not exist
    └── EmptySelectionError   filters leave no cell
RigError
├── PoolError            the process that forks the cells is gone or hangs
└── WorkerError          workers elsewhere are missing, refused or gone
"""

from bootrig.errors import InputError, RigError


class CellSelectionError(InputError):
    """Filters name what does not exist, or leave no cell."""


class EmptySelectionError(CellSelectionError):
    """Filters leave no cell."""


class PoolError(RigError):
    """The process that forks the cells is gone or hangs."""


class WorkerError(RigError):
    """Workers elsewhere, or their scheduler, are missing, refused or gone."""
