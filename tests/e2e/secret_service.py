"""A real Secret Service: gnome-keyring in a D-Bus session and a home of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon")
_NAME = "org.freedesktop.secrets"
_PATIENCE_S = 30
# Without folders of services the bus starts nothing by itself: no window that asks for a password,
# and no second keychain.
_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow own="*"/>
<allow eavesdrop="true"/></policy></busconfig>
"""


def missing() -> str:
    """The program that is not installed; "" if all are."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), "")


@dataclass
class SecretService:
    """Gives the environment of programs that use it.

    Attributes:
        home: where the keychain's files are; a short path, as that of a socket must be.
        environment: variables for a child process.
    """

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    _daemon: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def bus(self) -> Iterator[None]:
        """A D-Bus session without a keychain."""
        socket, config = self.home / "bus", self.home / "bus.conf"
        config.write_text(_BUS.format(socket=socket))
        address = f"unix:path={socket}"
        self.environment = {
            "HOME": str(self.home),
            "DBUS_SESSION_BUS_ADDRESS": address,
            **{f"XDG_{name}_HOME": str(self.home / name) for name in ("DATA", "CONFIG", "CACHE")},
            "XDG_RUNTIME_DIR": str(self.home),
        }
        command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet) as bus:
            try:
                assert bus.stdout is not None
                assert bus.stdout.readline().startswith(address.encode())
                yield
            finally:
                self.stop()
                bus.terminate()

    def start(self, password: str = "") -> None:
        """Start the keychain: unlocked with a password, or locked."""
        self.stop()
        command = ["gnome-keyring-daemon", "--components=secrets", "--foreground"]
        if password:
            command.append("--unlock")
        with self._owner_changes() as appeared:
            self._daemon = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )
            assert self._daemon.stdin is not None
            self._daemon.stdin.write(password.encode())
            self._daemon.stdin.close()
            appeared()

    def freeze(self) -> None:
        """From now on it keeps everybody waiting, as one that asks for its password."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """End the keychain; what it has kept stays in its files."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGCONT)
            self._daemon.terminate()
            self._daemon.wait()
            self._daemon = None

    @contextlib.contextmanager
    def _owner_changes(self) -> Iterator[Callable[[], None]]:
        """Gives a function that returns once somebody has taken the keychain's name."""
        address = self.environment["DBUS_SESSION_BUS_ADDRESS"]
        rule = MatchRule(
            type="signal",
            sender=message_bus.bus_name,
            interface=message_bus.interface,
            member="NameOwnerChanged",
            path=message_bus.object_path,
        )
        rule.add_arg_condition(0, _NAME)
        with open_dbus_connection(address) as connection:
            Proxy(message_bus, connection).AddMatch(rule)
            with connection.filter(rule) as signals:

                def appeared() -> None:
                    while not connection.recv_until_filtered(signals, timeout=_PATIENCE_S).body[2]:
                        pass

                yield appeared
