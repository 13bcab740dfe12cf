"""Where the program starts: a subcommand goes to the command line, everything else to a window."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the program with the process's arguments; returns its exit status."""
    arguments = sys.argv[1:]
    # The command line needs no Qt, and the window no argument parser of subcommands.
    from spectr_desktop import cli  # noqa: PLC0415

    if cli.is_command(arguments):
        return cli.main(arguments)
    options = cli.window_options(arguments)
    if isinstance(options, int):
        return options
    from spectr_desktop import app  # noqa: PLC0415

    return app.main(options)


if __name__ == "__main__":
    sys.exit(main())
