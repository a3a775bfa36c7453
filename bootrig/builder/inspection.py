"""What was built, looked at before it is stored: a damaged ROM is not a result."""

from collections.abc import Mapping

from bootrig.builder.errors import UnsoundError
from firmware.lint.check import lint_rom
from firmware.lint.finding import Severity
from firmware.lint.subject import examine_rom

ROM_SUFFIX = ".rom"


def require_sound(name: str, contents: Mapping[str, bytes]) -> None:
    """Lint the ROMs among the files that were built of the recipe `name`.

    Raises:
        UnsoundError: lint finds errors; all of them are named.
    """
    errors = [
        f"{finding.file}: {finding.message} [{finding.rule}]"
        for file, content in contents.items()
        if file.endswith(ROM_SUFFIX)
        for finding in lint_rom(examine_rom(file, content))
        if finding.severity is Severity.ERROR
    ]
    if errors:
        raise UnsoundError(
            f"{name} was built, but lint finds errors, so it is not stored:\n" + "\n".join(errors),
            remedy="build from a clean tree; bootrig lint explains a ROM file",
        )
