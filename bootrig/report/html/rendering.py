"""From values to the bytes of a page.

Whatever a template shows is made legible and escaped; only what this package wrote itself is put on the page as it is.
Nothing leaves the file: its security policy allows its own style sheet, its own script and nothing else.
"""

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from bootrig.legible import make_legible
from bootrig.report.html.views import Page

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE, SCRIPT, PAGE = "style.css.j2", "filter.js.j2", "page.html.j2"


def render(page: Page) -> bytes:
    """Return a page as HTML."""
    environment = _make_environment()
    style, script = (_load_source(environment, name) for name in (STYLE, SCRIPT))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    text = environment.get_template(PAGE).render(page=page, policy=policy, style=style, script=script)
    return text.encode()


@cache
def _make_environment() -> "Environment":
    # what has no HTML to write does not wait for it
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader(__package__, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_make_legible,
    )


def _make_legible(value: Any) -> Any:
    """Return a value without control characters; what is markup already was made here."""
    return make_legible(value) if type(value) is str else value


def _load_source(environment: "Environment", name: str) -> str:
    """Return a file of this package that goes onto the page as it is."""
    from markupsafe import Markup  # noqa: PLC0415

    if environment.loader is None:
        raise LookupError(name)
    return Markup(environment.loader.get_source(environment, name)[0].strip())  # noqa: S704 - it is our own


def _digest(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
