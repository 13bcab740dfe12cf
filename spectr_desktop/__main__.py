"""Where the program starts: a subcommand goes to the command line, everything else to a window."""

from __future__ import annotations

import sys

from spectr_desktop import app, cli


def main() -> int:
    """Run the program with the process's arguments; returns its exit status."""
    arguments = sys.argv[1:]
    if cli.is_command(arguments):
        return cli.main(arguments)
    given = cli.window_arguments(arguments)
    if isinstance(given, int):
        return given
    return app.main(
        app.WindowOptions(
            paths=tuple(given.paths),
            server=cli.server_options(given),
            model=given.model,
            thinking=given.thinking,
            air_gap=given.air_gap,
            smoke=given.smoke,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
