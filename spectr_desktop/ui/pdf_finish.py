"""What Qt does not write into a PDF: bookmarks, links, properties; and no more than that."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from spectr_desktop.report.export.escapes import one_line
from spectr_desktop.ui.pdf_body import CHAPTER
from spectr_desktop.ui.pdf_strips import PAGE_HEIGHT

if TYPE_CHECKING:
    from pypdf import PdfWriter
    from PySide6.QtCore import QRectF

    from spectr_desktop.ui.pdf_pages import Pages

_WEB = re.compile(r"(?:https?://[^/?#]|mailto:)", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)")
_UNIT = 10
_ABOVE = 120


def finished(raw: bytes, pages: Pages) -> bytes:
    """The pages that Qt has painted as the whole document.

    Nothing in it depends on the clock: the same report gives the same bytes.

    Args:
        raw: the PDF that Qt wrote.
        pages: what it shows.
    """
    # Imported here: only the child of an export needs it.
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415

    writer = PdfWriter()
    # Not the document, which has a date and a number of its own.
    for page in PdfReader(io.BytesIO(raw)).pages:
        writer.add_page(page)
    _mend_blanks(writer)
    _link(writer, pages)
    _bookmark(writer, pages)
    _tell(writer, pages)
    writer.generate_file_identifiers()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _mend_blanks(writer: PdfWriter) -> None:
    """Make a copied blank a blank: Qt takes the first letter that has a glyph, which is the tab."""
    seen: set[int] = set()
    for page in writer.pages:
        resources: Any = page["/Resources"].get_object()
        for font in resources.get("/Font", {}).values():
            letters: Any = font.get_object().get("/ToUnicode")
            if letters is None or letters.idnum in seen:
                continue
            seen.add(letters.idnum)
            stream = letters.get_object()
            stream.set_data(stream.get_data().replace(b"<0009>", b"<0020>"))


def _link(writer: PdfWriter, pages: Pages) -> None:
    from pypdf.annotations import Link  # noqa: PLC0415  # as above
    from pypdf.generic import Fit  # noqa: PLC0415

    for number in range(len(pages.pages)):
        for link in pages.links(number):
            rect = _rect(link.box)
            if not link.target.startswith("#"):
                if _WEB.match(link.target):
                    writer.add_annotation(number, Link(rect=rect, url=_address(link.target)))
                continue
            found = pages.target(link.target)
            if found is not None:
                page, y = found
                fit = Fit.xyz(top=_height(y - _ABOVE))
                made = Link(rect=rect, target_page_index=page, fit=fit)
                writer.add_annotation(number, made)


def _bookmark(writer: PdfWriter, pages: Pages) -> None:
    from pypdf.generic import Fit  # noqa: PLC0415  # as above

    chapter = None
    for number, heading in enumerate(pages.body.headings):
        place = pages.places.get(number)
        if place is None:
            continue
        page, y = place
        parent = None if heading.level == CHAPTER else chapter
        made = writer.add_outline_item(
            one_line(heading.text),
            page,
            parent,
            fit=Fit.xyz(top=_height(y - _ABOVE)),
            is_open=False,
        )
        if heading.level == CHAPTER:
            chapter = made


def _tell(writer: PdfWriter, pages: Pages) -> None:
    """The document's properties."""
    from pypdf.generic import (  # noqa: PLC0415  # as above
        BooleanObject,
        DictionaryObject,
        NameObject,
        TextStringObject,
    )

    report = pages.report
    document = report.document
    incomplete = [] if report.outcome.finished else ["not complete"]
    told = {
        "/Title": f"Security review of {report.title}",
        "/Author": document.auditor,
        "/Subject": f"Security review for {document.client}" if document.client else "",
        "/Creator": f"{report.tool.name} {report.tool.version}",
        "/Producer": f"{report.tool.name} {report.tool.version}",
        "/Keywords": ", ".join(
            ["security review", "smart contract", report.kind.value, *incomplete, report.id]
        ),
    }
    date = _DATE.match(report.finished_at or report.created_at)
    if date is not None:
        told["/CreationDate"] = told["/ModDate"] = f"D:{''.join(date.groups())}Z"
    writer.metadata = {name: one_line(value) for name, value in told.items() if value}
    root = writer.root_object
    root[NameObject("/Lang")] = TextStringObject("en")
    root[NameObject("/PageMode")] = NameObject("/UseOutlines")
    root[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(value=True)}
    )


def _height(y: float) -> float:
    """A height seen from the lower edge, in points."""
    return round((PAGE_HEIGHT - y) / _UNIT, 2)


def _rect(box: QRectF) -> tuple[float, float, float, float]:
    left, right = box.left() / _UNIT, box.right() / _UNIT
    return round(left, 2), _height(box.bottom()), round(right, 2), _height(box.top())


def _address(url: str) -> str:
    """An address in the letters that a PDF allows for one."""
    return "".join(sign if "!" <= sign <= "~" else _percent(sign) for sign in url)


def _percent(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "replace"))
