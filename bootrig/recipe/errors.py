"""Errors of finding recipes.

InputError
└── DocumentError           (bootrig.document) a file says something wrong
    └── UnknownRecipeError  no recipe has this name
"""

from bootrig.document.errors import DocumentError


class UnknownRecipeError(DocumentError):
    """No recipe has this name."""
