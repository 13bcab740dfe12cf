"""Questions to the user: opened, never executed, and answered through a future."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QUrl

from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog, QPushButton, QWidget

_LONGEST_TARGET = 1000


async def finished(dialog: QDialog) -> int:
    """Open a dialog and wait for its end; a cancelled wait closes it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def on_finished(result: int) -> None:
        if not done.done():
            done.set_result(result)

    dialog.finished.connect(on_finished)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.open()
    try:
        return await done
    finally:
        dialog.close()
        dialog.deleteLater()


async def open_file_name(
    parent: QWidget, title: str, filters: str, folder: str = ""
) -> Path | None:
    """Ask for an existing file; None if the user changed their mind."""
    from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415  # 20 ms that the start need not pay

    dialog = QFileDialog(parent, title, folder, filters)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    accepted = await finished(dialog) == dialog.DialogCode.Accepted
    names = dialog.selectedFiles()
    return Path(names[0]) if accepted and names else None


async def save_file_name(
    parent: QWidget, title: str, suggestion: Path, filters: str, suffix: str
) -> Path | None:
    """Ask where to write, and before an existing file is replaced."""
    from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415  # as above

    dialog = QFileDialog(parent, title, str(suggestion.parent), filters)
    # Qt's own question would run a loop inside ours; only macOS always asks by itself.
    dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    # A name without a suffix gets that of the format which is chosen.
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_only(chosen) or suffix))
    dialog.selectFile(suggestion.name)
    accepted = await finished(dialog) == dialog.DialogCode.Accepted
    names = dialog.selectedFiles()
    if not accepted or not names:
        return None
    path = Path(names[0])
    if _replaces(path):
        translate = QCoreApplication.translate
        answer = await ask(
            parent,
            translate("dialogs", "Replace {name}?").format(name=path.name),
            translate("dialogs", "A file of this name is there already; what it holds is lost."),
            {
                "replace": translate("dialogs", "Replace"),
                "cancel": translate("dialogs", "Cancel"),
            },
            default="cancel",
        )
        if answer != "replace":
            return None
    return path


def _only(filter_text: str) -> str:
    """The suffix of a filter such as "JSON (*.json)"; "" if it has several, or any."""
    found = re.fullmatch(r".*\(\*\.(\w+)\)", filter_text)
    return found.group(1) if found else ""


def _replaces(path: Path) -> bool:
    return sys.platform != "darwin" and path.exists()


def true_target(target: str) -> str:
    """What a question about a link shows: the address, and the host where it could mislead."""
    shown = visible(target)
    if len(shown) > _LONGEST_TARGET:
        # The host stands at the beginning; a dialog larger than the screen would hide its answers.
        shown = shown[:_LONGEST_TARGET] + "…"
    url = QUrl(target)
    if url.userInfo():
        host = url.host(QUrl.ComponentFormattingOption.FullyEncoded)
        sentence = QCoreApplication.translate(
            "dialogs", "It leads to {host}; what stands before the @ is only a name."
        )
        shown += "\n\n" + sentence.format(host=host)
    return shown


async def ask(
    parent: QWidget, text: str, detail: str, answers: dict[str, str], *, default: str = ""
) -> str:
    """Ask a question.

    Args:
        parent: the window that the question belongs to.
        text: the question.
        detail: what follows from the answers.
        answers: key → label. Closing the dialog gives the last key.
        default: the key that Return gives, the first one if empty.

    Returns:
        The key of the answer.
    """
    from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415  # as above

    box = QMessageBox(parent)
    box.setText(text)
    box.setInformativeText(detail)
    box.setTextFormat(Qt.TextFormat.PlainText)
    keys: dict[QPushButton, str] = {}
    for key, label in answers.items():
        button = box.addButton(label, QMessageBox.ButtonRole.ActionRole)
        button.setObjectName(f"answer_{key}")
        keys[button] = key
    buttons = list(keys)
    box.setDefaultButton(buttons[list(answers).index(default) if default else 0])
    box.setEscapeButton(buttons[-1])
    await finished(box)
    clicked = box.clickedButton()
    return next((key for button, key in keys.items() if button is clicked), keys[buttons[-1]])
