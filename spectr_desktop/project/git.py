"""What git says of files: which have changed since a commit, and whether a commit has them.

The repository is a client's and may mean harm: its configuration can name programs that git would
run. So git is only asked for what reads objects (a commit's name, the list of its files); the files
on the disk are hashed here, never by git. See `_ask`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.children import environment_for_others
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.project.document import read_document
from spectr_desktop.records.source import GitState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spectr_desktop.records.source import SourceFile

_log = logger(__name__)
# A repository can be made so that git never ends, or that a few objects list billions of files.
_PATIENCE_S = 60.0
_OUTPUT_LIMIT = 128 * 1024 * 1024
_SHA1_DIGITS = 40
_BOM = b"\xef\xbb\xbf"
_FILE_MODES = (b"100644", b"100755")


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a commit.

    Attributes:
        top: the folder of the work tree, with no link in its name.
        commit: the full hash.
        blobs: the hash of each file's content, by its name below `top` with forward slashes.
    """

    top: Path
    commit: str
    blobs: Mapping[str, str]

    def name_of(self, path: Path) -> str | None:
        """The file's name in the tree as it would be there; None if it lies outside `top`."""
        whole = path.parent.resolve() / path.name
        try:
            name = whole.relative_to(self.top).as_posix()
        except ValueError:
            return None
        if name in self.blobs:
            return name
        # macOS may write the letters of a name in another form than git has them.
        composed = unicodedata.normalize("NFC", name)
        return composed if composed in self.blobs else name

    def holds(self, path: Path, raw: bytes) -> bool:
        """Whether the tree has these bytes under the file's name, whatever ends its lines."""
        expected = self.blobs.get(self.name_of(path) or "")
        if expected is None:
            return False
        sha1 = len(self.commit) == _SHA1_DIGITS
        return any(_blob_hash(each, sha1=sha1) == expected for each in _with_line_ends(raw))

    def holds_text(self, path: Path, text: str) -> bool:
        r"""Whether the tree has this text under the file's name; line ends and a BOM aside.

        Args:
            path: the file, on the disk or not.
            text: with `\n` line ends.
        """
        raw = text.encode("utf-8", "surrogatepass")
        if self.holds(path, raw) or self.holds(path, _BOM + raw):
            return True
        # Other encodings, and lines that end differently within one file, are known to the disk.
        with contextlib.suppress(SpectrError):
            document = read_document(path)
            return document.text == text and self.holds(path, document.encode(text))
        return False


def tree_of(folder: Path, ref: str) -> Tree:
    """The files of a commit in the repository that a folder belongs to.

    Args:
        folder: in the work tree.
        ref: a branch, a tag, a commit or what else git reads as one.

    Raises:
        SpectrError: "no_git", "no_repository", "unknown_ref" or "git_failed".
    """
    if not ref or ref.startswith("-") or "\0" in ref:
        raise _unknown_ref(ref)
    top = _top_of(folder)
    if top is None:
        raise SpectrError(
            "no_repository",
            f"{folder} is in no git repository, so what has changed since {ref} is not known. "
            "Leave --diff out.",
            params={"path": str(folder)},
        )
    commit = _commit(top, ref)
    if commit is None:
        raise _unknown_ref(ref)
    return Tree(top, commit, _blobs(top, commit))


def state_of(root: Path, files: Sequence[SourceFile]) -> GitState | None:
    """What git says of files that are sent; None where there is no git or no repository.

    It waits for git and reads files: call it in a thread.

    Args:
        root: the folder that their names begin at.
        files: as they are sent.
    """
    top = _top_of(root)
    if top is None:
        return None
    try:
        commit = _commit(top, "HEAD")
        branch = (_ask(top, "symbolic-ref", "--quiet", "--short", "HEAD") or b"").strip()
    except SpectrError as error:
        _log.info("no state of the repository: %s", error.code)
        return None
    name = branch.decode("utf-8", "replace")
    if commit is None:
        return GitState("", name, None) if name else None
    try:
        tree = Tree(top, commit, _blobs(top, commit))
    except SpectrError as error:
        _log.info("the files of HEAD are not known: %s", error.code)
        return GitState(commit, name, None)
    dirty = not all(tree.holds_text(root / file.path, file.text) for file in files)
    return GitState(commit, name, dirty)


def _top_of(folder: Path) -> Path | None:
    """The nearest folder above with a `.git`; git itself would look into the configuration."""
    with contextlib.suppress(OSError, RuntimeError):
        whole = folder.resolve()
        for each in (whole, *whole.parents):
            if os.path.lexists(each / ".git"):
                return each
    return None


def _commit(top: Path, ref: str) -> str | None:
    out = _ask(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    found = (out or b"").decode("ascii", "replace").strip()
    return found if found and all(letter in "0123456789abcdef" for letter in found) else None


def _blobs(top: Path, commit: str) -> dict[str, str]:
    out = _ask(top, "ls-tree", "-r", "-z", "--full-tree", commit)
    if out is None:
        raise SpectrError(
            "git_failed",
            f"git cannot list the files of {commit[:12]}; the repository is damaged, or it holds "
            "only a part of its history. Fetch the commit, or leave --diff out.",
            params={"commit": commit},
        )
    blobs: dict[str, str] = {}
    for line in out.split(b"\0"):
        head, tab, name = line.partition(b"\t")
        mode, _, rest = head.partition(b" ")
        if tab and mode in _FILE_MODES:
            blobs[os.fsdecode(name)] = rest.rpartition(b" ")[2].decode("ascii", "replace")
    return blobs


def _ask(top: Path, *arguments: str) -> bytes | None:
    """What git answers; None if it refuses.

    With the repository named, git looks for none, so that `safe.directory`, which guards that
    search alone, needs no exception. No index is read (fsmonitor, filters), nothing is checked out
    (hooks, filters), no content is shown (external diff, textconv), no terminal is there (pager),
    and nothing is fetched (credential helpers, ssh, protocols), also where objects are missing.

    Raises:
        SpectrError: "no_git", or "git_failed" where it does not end or answers without end.
    """
    program = shutil.which("git")
    # A relative one stands in the folder that we are in: the client's.
    if program is None or not Path(program).is_absolute():
        raise SpectrError(
            "no_git",
            "git is not installed, so what has changed is not known. Install it, or leave --diff "
            "out.",
        )
    command = [
        program,
        "--no-pager",
        f"--git-dir={top / '.git'}",
        "-c",
        "core.fsmonitor=false",
        "-c",
        f"core.hooksPath={os.devnull}",
        "-c",
        "core.pager=cat",
        *arguments,
    ]
    try:
        with subprocess.Popen(  # noqa: S603  # no shell; the arguments are ours or checked
            command,
            cwd=top.anchor,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        ) as process:
            out = _read(process)
    except OSError as error:
        raise _failed(str(error)) from error
    return out if process.returncode == 0 else None


def _read(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None  # noqa: S101  # a pipe was asked for
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(_PATIENCE_S, end)
    timer.start()
    try:
        out = process.stdout.read(_OUTPUT_LIMIT + 1)
        if len(out) > _OUTPUT_LIMIT:
            process.kill()
            raise _failed("it lists too many files")
        process.wait()
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        raise _failed(f"it did not answer within {_PATIENCE_S:.0f} s")
    return out


def _environment() -> dict[str, str]:
    """The user's, without what tells git of another repository or of programs to run."""
    others = environment_for_others()
    kept = {name: value for name, value in others.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        # A replacement would make a commit's name stand for other files.
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _with_line_ends(raw: bytes) -> Iterator[bytes]:
    """The bytes as they are; then as a repository that changes line ends would have them."""
    yield raw
    if b"\0" not in raw:
        plain = raw.replace(b"\r\n", b"\n")
        yield plain
        yield plain.replace(b"\n", b"\r\n")


def _blob_hash(raw: bytes, *, sha1: bool) -> str:
    head = b"blob %d\0" % len(raw)
    if sha1:
        return hashlib.sha1(head + raw, usedforsecurity=False).hexdigest()
    return hashlib.sha256(head + raw).hexdigest()


def _unknown_ref(ref: str) -> SpectrError:
    return SpectrError(
        "unknown_ref",
        f"git knows no commit “{ref}”. Name a branch, a tag or a commit of this repository, and "
        "fetch it first.",
        params={"ref": ref},
    )


def _failed(reason: str) -> SpectrError:
    return SpectrError(
        "git_failed",
        f"git could not be asked ({reason}). Leave --diff out, or mend the repository.",
        params={"reason": reason},
    )
