"""Where the program starts: a subcommand goes to the command line, everything else to a window."""

from __future__ import annotations

import sys

_MAKE_PDF = "--make-pdf"


def main() -> int:
    """Run the program with the process's arguments; returns its exit status."""
    arguments = sys.argv[1:]
    if arguments == [_MAKE_PDF]:
        # A child of an export: it needs nothing of the window, which is slow to import.
        from spectr_desktop.ui import pdf_child  # noqa: PLC0415

        return pdf_child.main()
    # Imported here, so that such a child does without them.
    from spectr_desktop import app, cli  # noqa: PLC0415

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
