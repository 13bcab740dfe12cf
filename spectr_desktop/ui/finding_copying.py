"""Copies findings from the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from spectr_desktop.ui.findings_view import FindingsView


class FindingCopying(QObject):
    """Puts the findings that the reader chose on the clipboard, in the order of the list.

    Signals:
        told: (str) what was copied; a sentence for the status line.
    """

    told = Signal(str)

    def __init__(self, view: FindingsView, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        view.copy_requested.connect(self.copy)

    def copy(self, keys: list[str], rich: bool) -> None:
        """Copy these findings as a report tells them, as Markdown or as rich text too."""
        from spectr_desktop.report.export.assembly import finding_of  # noqa: PLC0415  # rarely
        from spectr_desktop.report.export.finding_markdown import finding_section  # noqa: PLC0415
        from spectr_desktop.ui.rich_copy import put_markdown  # noqa: PLC0415

        found = [one for key in keys if (one := self._view.model.finding(key)) is not None]
        if not found:
            return
        put_markdown(
            "\n\n".join(finding_section(finding_of(one)) for one in found) + "\n", rich=rich
        )
        if len(found) == 1:
            self.told.emit(self.tr("{key} is copied").format(key=found[0].key))
        else:
            self.told.emit(self.tr("{count} findings are copied").format(count=len(found)))
