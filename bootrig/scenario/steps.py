"""The dialogue at a console: the tables `[[step]]`, of scenarios and of scripts for guests of the user's own."""

from pathlib import Path

from bootrig.document.toml import TableReader, load_document
from bootrig.scenario.scenario import ConsoleStep
from bootrig.trace.reading.pattern import PatternError, try_pattern


def read_steps(root: TableReader, *, required: bool = False) -> tuple[ConsoleStep, ...]:
    """Return the steps of a document, whose problems it notes; there has to be one where they are `required`."""
    return tuple(
        ConsoleStep(
            expect=table.string("expect"),
            send=table.string("send", default=""),
            milestone=table.string("milestone", default=""),
            repeat_s=table.number("repeat_s", default=0.0, minimum=0),
        )
        for table in root.tables("step", required=required)
    )


def load_script(path: Path) -> tuple[ConsoleStep, ...]:
    """Return the steps in the TOML file `path`.

    Raises:
        DocumentError: it cannot be read or says something wrong; all problems at once.
    """
    document = load_document(path)
    steps = read_steps(document.root, required=True)
    for index, step in enumerate(steps):
        try:
            try_pattern(step.expect)
        except PatternError as error:
            document.add_problem(f"step[{index}].expect", str(error))
        try:
            step.send.encode("cp437")
        except UnicodeEncodeError as error:
            document.add_problem(f"step[{index}].send", f"found {step.send!r}: {error.reason}")
    document.finish()
    return steps
