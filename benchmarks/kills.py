"""The program is killed at random moments while it streams: is anything lost that it had shown?

    python benchmarks/kills.py [KILLS] [SEED]

Command line and window in turn, each a process of its own with a home of its own, stream from a
server that never ends, and get SIGKILL when a random number of bytes has been read of what they
show. Target: nothing that was shown is missing, no line is damaged, every run is listed as
interrupted.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from tests.e2e.killing import command_line, endless_server, killed, survived, window
from tests.servers.scripted import ThreadedServer

KILLS = 200
_KINDS = {"command line": command_line, "window": window}


def main() -> None:
    """Print a table; the exit status is 1 if something was lost."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else KILLS
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    count: Counter[tuple[str, str]] = Counter()
    server = endless_server()
    with ThreadedServer(server):
        for number in range(kills):
            name, start = list(_KINDS.items())[number % 2]
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "Vault.sol"
                source.write_text("contract Vault {}\n")
                home = Path(folder) / "home"
                shown = killed(start(server, home, source), seed + number)
                try:
                    runs = survived(home, shown)
                except AssertionError as lost:
                    print(f"{name}: {lost}")
                    count[name, "lost"] += 1
                    continue
                kept = sum(len(text) for run in runs for text in run.result.texts.values())
                count[name, "kills"] += 1
                count[name, "before a word"] += not shown.text
                count[name, "interrupted"] += len(runs)
                count[name, "shown"] += len(shown.text)
                count[name, "kept"] += kept
    columns = ("kills", "before a word", "interrupted", "shown", "kept", "lost")
    print(f"{'':14}" + "".join(f"{column:>15}" for column in columns))
    for name in _KINDS:
        print(f"{name:14}" + "".join(f"{count[name, column]:15,}" for column in columns))
    sys.exit(any(count[name, "lost"] for name in _KINDS))


if __name__ == "__main__":
    main()
