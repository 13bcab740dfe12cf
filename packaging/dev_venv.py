"""The checkout's .venv: whether it fits the locks, who may change it, and what pip puts in it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dev_steps import SetupError, cause, run_logged, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PACKAGE_PARTS = ("run", "test", "check")
PRACTICE = "practice"
PEER = "peer"
PROJECT = "project"


class Environment:
    """The .venv of one checkout.

    Its stamp maps each part that was set up to a key of what it was set up from. The mark
    `unfinished` exists while pip is at work: whoever holds the lock and finds it knows that an
    earlier set-up died, and builds the folder again.

    Attributes:
        root: the checkout.
        folder: its .venv.
        python: the interpreter in it.
        log: what the package tools printed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        windows = sys.platform == "win32"
        self.scripts = self.folder / ("Scripts" if windows else "bin")
        self.python = self.scripts / ("python.exe" if windows else "python")
        self.log = self.folder / "set-up.log"
        self._stamp = self.folder / "set-up.stamp"
        self._unfinished = self.folder / "set-up.unfinished"
        self._lock = self.folder / "set-up.lock"
        self._held: tuple[int, ...] = ()
        minor = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self._site = self.folder.joinpath(
            *(("Lib",) if windows else ("lib", minor)), "site-packages"
        )

    def key(self, part: str) -> str:
        """The key of a part: it changes with the Python, the checkout's place and its sources."""
        digest = hashlib.sha256()
        python = f"{sys.implementation.name} {sys.version_info[:2]} {sys.base_prefix}"
        for text in (python, str(self.root), part):
            digest.update(text.encode() + b"\0")
        locks = self.root / "packaging" / "locks"
        if part == PROJECT:
            # The tools' settings below change often and install nothing.
            project = (self.root / "pyproject.toml").read_bytes()
            digest.update(project.split(b"\n[tool.", 1)[0])
            digest.update((locks / "build.txt").read_bytes())
        elif part in {*PACKAGE_PARTS, PRACTICE}:
            digest.update((locks / f"{part}.txt").read_bytes())
        elif part == PEER:
            lock = self.root / "packaging" / "peer" / "package-lock.json"
            digest.update(lock.read_bytes())
        else:
            digest.update((self.root / "packaging" / "dev_system.py").read_bytes())
        return digest.hexdigest()

    def stamped(self) -> dict[str, str]:
        """The parts that were set up, with their keys; empty when the .venv must be looked at."""
        try:
            stamp = json.loads(self._stamp.read_text(encoding="utf-8"))
            names, parts = set(stamp["names"]), dict(stamp["parts"])
            # The programs in a .venv name its place: one that was moved or copied is broken.
            whole = stamp["root"] == str(self.root) and names.issubset(
                path.name for path in self._site.iterdir()
            )
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return parts if whole and self.python.exists() and not self._unfinished.exists() else {}

    def missing(self, keys: dict[str, str]) -> list[str]:
        """The parts among these that are not set up, or from something else."""
        stamped = self.stamped()
        return [part for part, key in keys.items() if stamped.get(part) != key]

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the right to change this .venv; wait for another set-up that holds it.

        The lock lives as long as this process, or the pip that it started and that outlived it:
        the system frees it after a crash.
        """
        self.folder.mkdir(exist_ok=True)
        with self._lock.open("a+b") as handle:
            _take(handle.fileno())
            self._held = () if sys.platform == "win32" else (handle.fileno(),)
            try:
                yield
            finally:
                self._held = ()

    def write_stamp(self, keys: dict[str, str]) -> None:
        """Record, at the very end, that these parts are set up."""
        parts = {**self.stamped(), **keys}
        names = sorted(p.name for p in self._site.iterdir() if p.name != "__pycache__")
        fresh = self._stamp.with_suffix(".new")
        fresh.write_text(
            json.dumps({"root": str(self.root), "parts": parts, "names": names}), encoding="utf-8"
        )
        fresh.replace(self._stamp)

    def make(self) -> None:
        """Make the .venv, or make it again when it is broken, unfinished or of another Python.

        Raises:
            SetupError: Python could not make it.
        """
        if not self._unfinished.exists() and self._works():
            return
        again = self._unfinished.exists() or self._stamp.exists()
        say("The .venv does not work as it is: making it again" if again else "Making .venv")
        self._empty()
        self._unfinished.touch()
        # A .venv's own interpreter cannot make the .venv again: ask the one below it.
        python = getattr(sys, "_base_executable", None) or sys.executable
        status, output = self.run([python, "-m", "venv", str(self.folder)])
        if status:
            raise SetupError(f"Python could not make .venv: {cause(output)} (see {self.log}).")
        self._unfinished.unlink()

    def install(self, parts: Sequence[str]) -> None:
        """Install what the locks of these parts name, exactly, and the project itself.

        Raises:
            SetupError: pip failed.
        """
        files = [f"{part}.txt" for part in (*PACKAGE_PARTS, PRACTICE) if part in parts]
        if PROJECT in parts:
            files.append("build.txt")
        arguments = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
        for name in files:
            arguments += ["-r", str(self.root / "packaging" / "locks" / name)]
        self._pip(arguments)
        if PROJECT in parts:
            self._pip(["--no-deps", "--no-build-isolation", "-e", str(self.root)])

    def run(self, command: list[str]) -> tuple[int, str]:
        """Run a command of the set-up; it holds the lock too, should it outlive this process.

        Returns:
            Its exit status and its output, which is in the log as well.
        """
        return run_logged(command, self.log, keep_open=self._held)

    def _pip(self, arguments: list[str]) -> None:
        self._unfinished.touch()
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "install"]
        command += ["--no-input", "--root-user-action", "ignore", *arguments]
        status, output = self.run(command)
        # pip downloads everything before it changes anything: until then the .venv is as it was.
        if not status or "Installing collected packages" not in output:
            self._unfinished.unlink()
        if status:
            raise SetupError(f"pip could not install: {cause(output)} (see {self.log}).")

    def _works(self) -> bool:
        """Whether the .venv has pip and is of the Python that runs now."""
        if not self.python.exists() or (self._stamp.exists() and not self.stamped()):
            return False
        ask = "import pip, sys; print('{0[0]}.{0[1]}'.format(sys.version_info), sys.base_prefix)"
        status, output = run_logged([str(self.python), "-c", ask], self.log)
        here = f"{sys.version_info[0]}.{sys.version_info[1]} {sys.base_prefix}"
        return status == 0 and output.strip() == here

    def _empty(self) -> None:
        """Remove what is in the .venv, except the lock that is held and the log."""
        for path in self.folder.iterdir():
            if path in {self._lock, self.log}:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _take(handle: int) -> None:
    """Lock an open file, with a line on the screen when that means waiting."""
    waiting = "Another set-up of this checkout is at work; waiting for it."
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - exists on Windows only

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            say(waiting)
        else:
            return
        while True:
            try:
                msvcrt.locking(handle, msvcrt.LK_LOCK, 1)  # tries for ten seconds
            except OSError:
                continue
            return
    else:
        import fcntl  # noqa: PLC0415 - does not exist on Windows

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(handle, fcntl.LOCK_EX)
