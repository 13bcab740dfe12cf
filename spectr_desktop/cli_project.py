"""What `.spectr.toml` says, where the arguments say nothing; and whether the source may leave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.cli_servers import check_provider
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.terminal import say

if TYPE_CHECKING:
    import argparse

    from spectr_desktop.providers.base import Provider
    from spectr_desktop.store.project_file import ProjectFile

_CLOUD = "ollama.com"


def take_project_file(given: argparse.Namespace) -> ProjectFile | None:
    """Find and read the project's file, and fill the arguments in that were not given.

    What was taken is said, and so is what is wrong with the file.

    Args:
        given: the arguments; `server_by_file` and `model_by_file` tell afterwards who chose.
    """
    from spectr_desktop.store.project_file import (  # noqa: PLC0415  # not for --help
        find_project_file,
        read_project_file,
    )

    path = find_project_file(given.paths[0] if given.paths else Path.cwd())
    if path is None:
        return None
    project = read_project_file(path)
    for problem in project.problems:
        say(problem)
    taken = _take_server(given, project)
    for name in ("fail_on", "context", "max_tokens"):
        value = getattr(project, name)
        if value and not getattr(given, name):
            setattr(given, name, value)
            taken.append(f"{name} {value}")
    if project.scope and not given.paths:
        taken.append(f"scope {', '.join(project.scope)}")
    if project.exclude:
        taken.append(f"exclude {', '.join(project.exclude)}")
    if taken:
        say(f"Taken from {path}: {'; '.join(taken)}.")
    return project


def _take_server(given: argparse.Namespace, project: ProjectFile) -> list[str]:
    """Server and model of the file, where the arguments name none; what was taken."""
    has_server = given.provider or given.server or given.base_url
    has_server = has_server or given.model.lower().endswith(".gguf")
    own = project.server or project.provider
    if own and has_server:
        return []  # the model is the server's
    taken: list[str] = []
    if project.server:
        if project.provider:
            say("In .spectr.toml, provider is left out: a server of the settings has its own.")
        given.server, given.server_by_file = project.server, True
        taken.append(f"server {project.server}")
    elif project.provider:
        try:
            check_provider(project.provider)
        except SpectrError as error:
            say(f"In .spectr.toml, provider and model are left out. {error.message}")
            return []
        given.provider, given.server_by_file = project.provider, True
        taken.append(f"provider {project.provider}")
    if project.model and not given.model:
        given.model, given.model_by_file = project.model, True
        taken.append(f"model {project.model}")
    return taken


def check_consent(
    given: argparse.Namespace, provider: Provider, model: ModelInfo | None, root: Path
) -> None:
    """Refuse to send the source to a host that only `.spectr.toml` has chosen.

    Whoever names a remote server or model as an argument has agreed by that. What the client's own
    file names needs the consent that the window asks for, once for each project and host.

    Args:
        given: the arguments, with what the file has filled in.
        provider: where the model is.
        model: which will read the source; None before the server was asked for it.
        root: the project's folder.

    Raises:
        SpectrError: "no_consent".
    """
    from spectr_desktop.store.consents import consents  # noqa: PLC0415  # rarely needed

    asked = model or ModelInfo(given.model)
    by_file = given.server_by_file or (given.model_by_file and asked.remote)
    # In air-gap mode the guard refuses, and says why.
    if not by_file or given.air_gap or provider.locality(asked) is not Locality.REMOTE:
        return
    host = _host(provider, asked)
    if host in consents(root):
        return
    what = f"the model “{asked.id}”" if asked.id else "a server"
    raise SpectrError(
        "no_consent",
        f".spectr.toml chooses {what} at {host}, and you have not agreed that the source in {root} "
        "goes there. If it may, name the server and the model as arguments, or agree once in the "
        "window.",
        params={"host": host, "root": str(root)},
    )


def _host(provider: Provider, model: ModelInfo) -> str:
    """Where the source goes, in the words under which the window keeps consents."""
    from spectr_desktop.providers.egress import is_loopback  # noqa: PLC0415  # as above

    base_url = provider.config.base_url
    own = base_url.partition("://")[2]
    if not model.remote:
        return own
    return _CLOUD if is_loopback(base_url) else f"{_CLOUD} via {own}"
