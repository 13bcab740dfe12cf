"""Markdown on the clipboard: as it is, or with the same as rich text for a word processor."""

from __future__ import annotations

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication


def put_markdown(text: str, *, rich: bool) -> None:
    """Put Markdown on the clipboard.

    Args:
        text: hostile or not.
        rich: the same as HTML beside it, made as an export makes it: no HTML of the text's own, no
            picture, links to the web or by mail only.
    """
    data = QMimeData()
    data.setText(text)
    if rich:
        from spectr_desktop.report.export.canonical import canonical  # noqa: PLC0415  # rarely
        from spectr_desktop.report.export.html import sanitised  # noqa: PLC0415
        from spectr_desktop.report.export.html_tree import converted  # noqa: PLC0415

        data.setHtml(sanitised(converted(canonical(text, below=0))))
    QGuiApplication.clipboard().setMimeData(data)
