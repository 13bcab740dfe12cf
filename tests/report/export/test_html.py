"""The page as a file: one, strict HTML, and nothing in it that a text could make happen."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.findings import Texts
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.report import CellText, Report, ReportDocument, ReportKind
from spectr_desktop.report.export.html import POLICY, html
from tests.report.commonmark_samples import EXAMPLES
from tests.report.export.pictures import png
from tests.report.export.report_samples import client, finding, report
from tests.report.markdown_samples import SAMPLES

_PLAIN = Look()
_HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</style></title></main></body><script>alert(1)</script>",
    "[a](javascript:alert(1)) [a](JaVaScRiPt:alert(1)) [a](&#106;avascript:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>) ![a](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[a](vbscript:x) [a](file:///etc/passwd) <javascript:alert(1)>",
    "![a](http://192.0.2.1/x.png) ![a][b]\n\n[b]: http://192.0.2.1/y.png",
    "text {: onclick=alert(1) }\n\n# head {#summary onclick=alert(1)}",
    "*[HTML]: Hyper\n\nHTML [^1]\n\n[^1]: note\n\n[TOC]\n\n!!! note\n    x",
    "\x02wzxhzdk:0\x03 wzxhzdk:0 \x02klzzwxh:0042\x03 \x02amp\x03 \x0260\x03",
    "&lt;script&gt; &amp;lt;script&amp;gt; &#60;b&#62; &quot;",
    "<!-- --> <![CDATA[x]]> <?php ?> <!DOCTYPE x>",
    '[a](http://x.y/"onmouseover="alert(1)) [a](http://x.y/\'><b>)',
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "```\"onload=alert(1)\nx\n```",
    '# "><b id=summary>\n\n| <b> | "x" |\n|---|---|\n| </table> | <td> |',
    "<a id=F1></a> <a name=summary></a> <base href=//x> <meta http-equiv=refresh>",
)  # fmt: skip


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, {name: value or "" for name, value in attrs}))


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    reader = _Elements()
    reader.feed(page)
    return reader.all


def written(text: str, kind: ReportKind = ReportKind.WORKING) -> str:
    """A page whose every text is this one."""
    texts = Texts(text, text, text, text, text, text)
    made = report(kind, [finding(1, texts=texts, note=text)], title=text)
    document = ReportDocument(text, text, text, text, text)
    return html(
        replace(made, texts=(CellText("1.quick", text),), document=document, notices=(text,)),
        Look(png(), "#1f6feb"),
    )


def check(page: str) -> None:
    """Refuse what is not strict HTML, and what no page of ours has."""
    html5lib.HTMLParser(strict=True).parse(page)
    assert page.count("<script") == 0
    found = elements(page)
    allowed = {
        "class", "id", "href", "rel", "scope", "tabindex", "role", "aria-label", "start",
        "aria-labelledby",
    }  # fmt: skip
    for tag, attributes in found[found.index(("body", dict(found)["body"])) + 1 :]:
        if tag == "img":
            assert set(attributes) == {"src", "alt"}
            assert attributes["src"].startswith("data:image/png;base64,")
            continue
        assert set(attributes) <= allowed, tag
        assert tag not in ("style", "form", "input", "iframe", "object", "base", "link", "svg")
        if "href" in attributes:
            assert re.match(r"#[\w-]+$|https?://|mailto:", attributes["href"], re.IGNORECASE)
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("text", _HOSTILE)
@pytest.mark.parametrize("kind", list(ReportKind))
def test_hostile_text_stays_text(text: str, kind: ReportKind) -> None:
    check(written(text, kind))


@pytest.mark.parametrize("made", [report(), client(), report(found=[]), client([])])
def test_a_page_is_strict_html(made: Report) -> None:
    page = html(made, _PLAIN)
    check(page)
    assert page.endswith("</html>\n")
    assert page == html(made, _PLAIN)


@pytest.mark.parametrize("text", [*SAMPLES[::3], *EXAMPLES[::9]])
def test_pages_of_samples_are_strict_html(text: str) -> None:
    check(written(text))


@given(st.lists(st.sampled_from([*_HOSTILE, *SAMPLES]), max_size=3).map("\n".join) | st.text())
@settings(max_examples=60, deadline=None)
def test_pages_of_random_texts_are_strict_html(text: str) -> None:
    check(written(text))


def test_what_looks_like_html_is_read_as_text() -> None:
    document = html5lib.parse(written("&lt;b&gt; &amp;lt; <i>"), namespaceHTMLElements=False)
    texts = ["".join(one.itertext()) for one in document.iter("p")]
    assert texts.count("<b> &lt; <i>") >= 5


def test_placeholders_of_the_converter_mean_nothing() -> None:
    page = html(report(found=[], title="\x02wzxhzdk:0\x03"), _PLAIN)
    assert "⟦U+0002⟧wzxhzdk:0⟦U+0003⟧" in page


def test_a_browser_may_load_nothing() -> None:
    page = html(client(), _PLAIN)
    assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in page
    assert POLICY.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "url(" not in page
    assert "@import" not in page
    assert [one for one, _ in elements(page) if one in ("link", "script", "img")] == []


def test_the_head_names_what_is_known() -> None:
    made = replace(client(), title="A <Vault>", document=ReportDocument(auditor='Ada "A" Byron'))
    found = elements(html(made, _PLAIN))
    named = {one.get("name", ""): one.get("content") for tag, one in found if tag == "meta"}
    assert named["author"] == 'Ada "A" Byron'
    assert named["description"] == "Security review of A <Vault>, for the client"
    assert named["viewport"] == "width=device-width, initial-scale=1"
    assert named["color-scheme"] == "light dark"
    assert ("html", {"lang": "en"}) in found
    assert "<title>Security review of A &lt;Vault&gt;</title>" in html(made, _PLAIN)
    assert "author" not in str(elements(html(client(), _PLAIN)))


def test_the_look_gives_logo_and_colour() -> None:
    made = replace(client(), document=ReportDocument(auditor='A "B'))
    page = html(made, Look(png(), "#7a1fa2"))
    pictures = [one for tag, one in elements(page) if tag == "img"]
    assert [one["alt"] for one in pictures] == ['Logo of A "B']
    assert "--accent: #7a1fa2;" in page
    assert "@accent" not in page
    plain = html(made, Look(b"no picture", "red;}</style>"))
    assert plain == html(made, _PLAIN)


def test_the_sheet_has_dark_and_print() -> None:
    page = html(client(), _PLAIN)
    for part in ("prefers-color-scheme: dark", "color-scheme: light dark", "@page", "@media print"):
        assert part in page


def test_code_stays_as_it_is() -> None:
    code = "\n\n  a < b && c; // <b> &amp;\n\tx\n"
    made = report(found=[], ended=None)
    page = html(replace(made, texts=(CellText("1", f"```solidity\nx{code}y\n```"),)), _PLAIN)
    document = html5lib.parse(page, namespaceHTMLElements=False)
    assert ["".join(one.itertext()) for one in document.iter("pre")] == [f"x{code}y"]
