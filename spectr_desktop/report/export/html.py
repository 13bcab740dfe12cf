"""A report as one HTML file: no script, nothing that is loaded from anywhere."""

from __future__ import annotations

import functools
import re
from html import escape
from typing import TYPE_CHECKING

import nh3

from spectr_desktop import paths
from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.report.export.html_code import CODE_CLASSES
from spectr_desktop.report.export.html_look import accent, logo_uri
from spectr_desktop.report.export.html_marks import SEVERITY_CLASSES, STATE_CLASSES, mark
from spectr_desktop.report.export.html_tree import converted
from spectr_desktop.report.export.markdown import markdown

if TYPE_CHECKING:
    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
"""What a browser may load for the page: its own style and pictures that it holds."""

_TAG_NAMES = (
    "a article aside blockquote br code del div em h1 h2 h3 h4 h5 h6 header hr li main nav ol p "
    "pre section span strong table tbody td th thead tr ul"
)
_TAGS = frozenset(_TAG_NAMES.split())
_ATTRIBUTES = {
    "a": {"href"},
    "article": {"id"},
    "div": {"tabindex", "role", "aria-label"},
    "h2": {"id"},
    "h3": {"id"},
    "nav": {"aria-labelledby"},
    "ol": {"start"},
    "pre": {"tabindex"},
    "th": {"scope"},
}
_SIDES = frozenset({"left", "center", "right"})
_CLASSES = {
    "a": {"label", "to"},
    "article": SEVERITY_CLASSES,
    "aside": {"stamp"},
    "div": {"code", "long", "scroll"},
    "span": {"chip", "dot", "task", *SEVERITY_CLASSES, *STATE_CLASSES, *CODE_CLASSES},
    "table": {"names"},
    "td": _SIDES,
    "th": _SIDES,
    "ul": {"facts"},
}
_SCHEMES = {"http", "https", "mailto"}
_REL = "noopener noreferrer"
# Code points that no page may have are among these: a single range is found much sooner.
_HIGH = re.compile("[\ufdd0-\U0010ffff]")
_LAST_OF_PLANE = 0xFFFE


def html(report: Report, look: Look) -> str:
    """A report as HTML, ending in a line end.

    Args:
        report: for a client or to work with.
        look: logo and colour; what is no PNG picture or no colour is left out.
    """
    made = converted(markdown(report), lambda root: mark(root, report))
    body = sanitised(made)
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{_head(report, look)}\n</head>\n'
        f'<body class="{report.kind.value}">\n{_logo(report, look)}{body}\n</body>\n</html>\n'
    )
    return _HIGH.sub(lambda found: _shown(found[0]), page)


def _shown(character: str) -> str:
    """A character, or its number if it is a code point that Unicode gives to none."""
    point = ord(character)
    none = point & _LAST_OF_PLANE == _LAST_OF_PLANE or character <= "\ufdef"
    return f"⟦U+{point:04X}⟧" if none else character


def sanitised(made: str) -> str:
    """HTML with nothing but what a page of ours has."""
    return nh3.clean(
        made,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        allowed_classes={tag: set(names) for tag, names in _CLASSES.items()},
        url_schemes=_SCHEMES,
        link_rel=_REL,
    )


def _head(report: Report, look: Look) -> str:
    client = report.kind is ReportKind.CLIENT
    title = one_line(report.title) or "an untitled source"
    kind = "for the client" if client else "to work with, not for clients"
    described = f"Security review of {title}, {kind}"
    author = one_line(report.document.auditor)
    lines = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>Security review of {escape(title)}</title>",
        f'<meta name="description" content="{escape(described)}">',
        f'<meta name="author" content="{escape(author)}">' if author else "",
        f'<meta name="generator" content="{escape(one_line(_program(report)))}">',
        f"<style>\n{_style(look)}</style>",
    ]
    return "\n".join(line for line in lines if line)


def _program(report: Report) -> str:
    return f"{report.tool.name} {report.tool.version}"


def _logo(report: Report, look: Look) -> str:
    uri = logo_uri(look.logo)
    if not uri:
        return ""
    name = escape(f"Logo of {one_line(report.document.auditor)}".removesuffix(" of "))
    return f'<div class="brand"><img src="{uri}" alt="{name}"></div>\n'


def _style(look: Look) -> str:
    colors = accent(look.accent)
    return _sheet().replace("@accent-light", colors.light).replace("@accent-dark", colors.dark)


@functools.cache
def _sheet() -> str:
    return (paths.resources() / "themes" / "report.css").read_text(encoding="utf-8")
