"""Errors of confinement.

RigError
└── ConfinementError      a program could not be confined
"""

from bootrig.errors import RigError

REMEDY = "see what this machine allows: bootrig doctor"


class ConfinementError(RigError):
    """A program could not be confined, so it was not started."""
