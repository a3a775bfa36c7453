"""The command's first module: until the work begins, Ctrl-C ends it without a word, whatever is being imported."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> int:
    """Run this process's command line and return the exit status."""
    from bootrig.cli.main import main as run

    return run()
