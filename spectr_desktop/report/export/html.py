"""A report as one HTML file: no script, nothing that is loaded from anywhere."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import nh3
from markdown import Markdown

from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.report.export.markdown import markdown

if TYPE_CHECKING:
    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report


def html(report: Report, look: Look) -> str:
    """A report as HTML, ending in a line end.

    Args:
        report: for a client or to work with.
        look: logo and colour.
    """
    del look
    body = nh3.clean(Markdown(extensions=["tables", "fenced_code"]).convert(markdown(report)))
    title = escape(one_line(report.title))
    head = f'<head>\n<meta charset="utf-8">\n<title>{title}</title>\n</head>'
    return f'<!DOCTYPE html>\n<html lang="en">\n{head}\n<body>\n{body}\n</body>\n</html>\n'
