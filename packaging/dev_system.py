"""The system packages that pip cannot bring: Qt's libraries, fonts and a test screen on Linux."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dev_steps import SetupError, cause, run_logged, say

if TYPE_CHECKING:
    from collections.abc import Sequence

# What Qt's libraries and its X11 plugin load, and the Debian package of each.
WINDOW = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# Without these Qt shows its window through X11 also on a Wayland desktop.
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
ENGINE = {"libgomp.so.1": "libgomp1"}
FONTS = "fonts-dejavu-core"
SCREEN = (
    "xvfb",
    "xauth",
    "xdotool",
    "strace",  # sees every address that a program connects to
    "at-spi2-core",
    "dbus",
    "dbus-x11",
    "chromium",  # shows exported HTML
    "qpdf",  # checks exported PDF
    "poppler-utils",  # reads exported PDF
    "git",
    "gnome-keyring",  # a real Secret Service for the keychain's tests
    "python3-pyatspi",
    "gir1.2-atspi-2.0",
    FONTS,
)
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_APT_LISTS = Path("/var/lib/apt/lists")


def is_root() -> bool:
    """Whether this process may install system packages."""
    return sys.platform != "win32" and os.geteuid() == 0


def is_debian() -> bool:
    """Whether apt-get is how this system installs packages."""
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def missing_libraries(libraries: dict[str, str]) -> list[str]:
    """The sonames of these that the dynamic linker does not find."""
    missing: list[str] = []
    for soname in libraries:
        try:
            ctypes.CDLL(soname)
        except OSError:
            missing.append(soname)
    return missing


def missing_packages(names: Sequence[str]) -> list[str]:
    """The Debian packages of these that are not installed."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {
        line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")
    }
    return [name for name in names if name not in installed]


def has_fonts() -> bool:
    """Whether any outline font is installed; without one Qt draws empty boxes."""
    folders = (Path(name).expanduser() for name in _FONT_FOLDERS)
    return any(
        path.suffix.lower() in {".ttf", ".otf", ".ttc"}
        for folder in folders
        if folder.is_dir()
        for path in folder.rglob("*")
    )


def command_to_type(packages: Sequence[str]) -> str:
    """The one command that installs these packages."""
    return "sudo apt-get install -y " + " ".join(packages)


def apt_install(packages: Sequence[str], log: Path) -> None:
    """Install packages with apt-get, as root.

    Raises:
        SetupError: apt-get failed, also after an update of its lists.
    """
    say(f"Installing {len(packages)} system package(s) with apt-get: {' '.join(packages)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C")
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    update = ["apt-get", *wait, "update", "-q"]
    install = ["apt-get", *wait, "install", "-q", "-y", "--no-install-recommends", *packages]
    updated = not any(_APT_LISTS.glob("*_Packages*"))
    if updated:
        run_logged(update, log, env)
    status, output = run_logged(install, log, env)
    if status and not updated:
        run_logged(update, log, env)
        status, output = run_logged(install, log, env)
    if status:
        raise SetupError(
            f"apt-get could not install {' '.join(packages)}: {cause(output)} (see {log})."
        )


def ensure_window(log: Path, *, needed: bool = True) -> bool:
    """Make sure that Qt's window can start.

    Args:
        log: where apt-get's output goes.
        needed: False when this start shows no window, so that a missing library is only said.

    Returns:
        Whether everything that the window needs is there.

    Raises:
        SetupError: a library is missing and cannot be installed from here.
    """
    required = missing_libraries(WINDOW)
    better = missing_libraries({**WAYLAND, **ENGINE})
    fonts = [] if has_fonts() else [FONTS]
    known = {**WINDOW, **WAYLAND, **ENGINE}
    packages = [known[name] for name in (*required, *better)] + fonts
    if not packages:
        return True
    if is_debian() and is_root():
        apt_install(packages, log)
        return True
    if is_debian():
        advice = f"type `{command_to_type(packages)}`"
    else:
        advice = "install what your system's package manager calls " + ", ".join(
            [*required, *better, *(["DejaVu fonts"] if fonts else [])]
        )
    if required and needed:
        raise SetupError(
            f"The window needs system libraries that are missing: {advice}, then start again."
        )
    say(f"System packages that the window uses are missing: {advice}.")
    return not required


def ensure_screen(log: Path) -> None:
    """Make sure that tests have a screen of their own and an accessibility bus, if possible."""
    if not is_debian():
        if shutil.which("Xvfb") is None:
            say("Xvfb is not installed: the tests that need a screen are skipped.")
        return
    missing = missing_packages(SCREEN)
    if missing and is_root():
        apt_install(missing, log)
    elif missing:
        say(f"For the tests that need a screen, type `{command_to_type(missing)}`.")


def ensure_engine(log: Path) -> None:
    """Make sure that the practice engine finds its system library, if possible."""
    packages = [ENGINE[soname] for soname in missing_libraries(ENGINE)]
    if packages and is_debian() and is_root():
        apt_install(packages, log)
    elif packages:
        say(f"The practice engine needs {packages[0]}: type `{command_to_type(packages)}`.")


def ensure_venv_module(log: Path) -> None:
    """Make sure that Python's venv module can bring pip; Debian packs it apart.

    Raises:
        SetupError: it is missing and cannot be installed from here.
    """
    if importlib.util.find_spec("ensurepip") is not None:
        return
    own = f"python3.{sys.version_info[1]}"
    default = os.path.realpath("/usr/bin/python3").endswith(own)
    package = "python3-venv" if default else f"{own}-venv"
    if is_debian() and is_root():
        apt_install([package], log)
    elif is_debian():
        # What the next step would ask for is named here too, so that one command is enough.
        more = [WINDOW[name] for name in missing_libraries(WINDOW)]
        raise SetupError(
            "Python's venv module is not complete: "
            f"type `{command_to_type([package, *more])}`, then start again."
        )
    else:
        raise SetupError(
            "This Python has no ensurepip module, so no .venv can be made: "
            "install a complete Python 3.11 or newer, then start again."
        )
