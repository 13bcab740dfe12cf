"""What stands where in a page, and that no text takes the place of what is ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.findings import Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import Report, ReportDocument, ReportKind
from spectr_desktop.report.export.html_marks import mark
from spectr_desktop.report.export.html_tree import tree
from spectr_desktop.report.export.markdown import markdown
from tests.report.export.report_samples import client, finding, report

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def page(made: Report) -> Element:
    root = tree(markdown(made))
    mark(root, made)
    return root


def words(element: Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def anchors(root: Element) -> list[str]:
    return [one.get("id", "") for one in root.iter() if one.get("id")]


def targets(root: Element) -> set[str]:
    links = (one.get("href", "") for one in root.iter("a"))
    return {link[1:] for link in links if link.startswith("#")}


@pytest.mark.parametrize("made", [client(), report(), report(found=[]), client([])])
def test_every_link_inside_leads_to_one_place(made: Report) -> None:
    root = page(made)
    assert len(set(anchors(root))) == len(anchors(root))
    assert targets(root) <= set(anchors(root))
    labels = [one.label for one in (*made.findings, *made.leads)]
    assert [one.get("id") for one in root.iter("article")] == labels
    assert set(labels) <= targets(root)


def test_the_contents_name_sections_and_findings() -> None:
    nav = page(client()).find("nav")
    assert nav is not None
    told = [words(one) for one in nav.iter("a")]
    assert told[:6] == [
        "Disclaimer",
        "Scope",
        "Coverage and limits",
        "Risk classification",
        "Summary",
        "Findings",
    ]
    assert told[6:] == ["C-01 Title 2", "H-01 The auditor's title", "H-02 Title 4", "M-01 Title 1"]


def test_the_summary_links_and_says_severity_and_status_in_words() -> None:
    root = page(client())
    summary = next(one for one in root.iter("section") if one[0].get("id") == "summary")
    row = next(summary.iter("tbody"))[0]
    link, severity, state = (next(row[at].iter()) for at in (0, 2, -1))
    assert link[0].get("href") == "#C-01"
    assert (severity[0].get("class"), words(severity)) == ("chip critical", "critical")
    assert (state[0].get("class"), words(state)) == ("chip fixed", "fixed")


def test_a_finding_has_chips_and_its_label() -> None:
    article = page(report(found=[finding(1, Severity.LOW, State.OPEN)])).find(".//article")
    assert article is not None
    assert article.get("class") == "low"
    assert words(article[0]) == "F1 Title 1"
    chips = [(one.get("class"), words(one)) for one in article.iter("span") if one.get("class")]
    assert chips[:2] == [("chip low", "Low"), ("chip open", "Open")]
    assert words(article[1][1]) == "Status: Open, nobody has judged it"


@pytest.mark.parametrize("severity", [*Severity, None])
def test_every_severity_has_a_chip(severity: Severity | None) -> None:
    root = page(report(found=[finding(1, severity)]))
    article = root.find(".//article")
    assert article is not None
    said = severity.value if severity else "unrated"
    assert words(article.find("ul/li/span")).lower() == said


def test_what_is_not_complete_stands_in_boxes_before_everything_else() -> None:
    header = page(replace(client(), notices=("Not *complete*.", "Partly read.")))[0]
    assert [one.tag for one in header[:3]] == ["h1", "aside", "aside"]
    assert [words(one) for one in header[1:3]] == ["Not *complete*.", "Partly read."]
    assert page(client())[0][1].tag == "div"


def test_tables_stand_in_boxes_that_scroll() -> None:
    text = "- | a |\n  | --- |\n  | b |\n\n> | c |\n> | --- |"
    root = page(report(found=[finding(1, texts=Texts("T", text))]))
    boxes = [one for one in root.iter("div") if one.get("class") == "scroll"]
    assert [one[0].tag for one in boxes] == ["table"] * len(boxes)
    assert len(boxes) == len([*root.iter("table")])
    assert all(one.get("tabindex") == "0" and one.get("aria-label") for one in boxes)


_OWN = st.lists(
    st.sampled_from(
        [
            "## Findings\n\n", "# Findings\n\n", "## H-01 Mine\n\n", "### x\n\n", "text\n\n",
            "- a\n\n", "| a |\n|---|\n\n", "# Summary\n\n", "> # quoted\n\n", "1. # in a list\n\n",
            "# Run parameters\n\n", "# The model's report\n\n", "---\n\n", "# <b>\n\n", "#\n\n",
        ]
    ),
    max_size=5,
).map("".join)  # fmt: skip


@given(before=_OWN, after=_OWN, kind=st.sampled_from(ReportKind), some=st.booleans())
@settings(max_examples=120, deadline=None)
def test_sections_of_the_auditor_take_no_place(
    before: str, after: str, kind: ReportKind, some: bool
) -> None:
    hostile = Texts("Title", "# F1\n\n## Findings\n\n### H-01 x", "## Leads\n\n---\n\n# Leads")
    found = [finding(1, texts=hostile), finding(2), finding(3, anchor=Anchor.UNVERIFIED)]
    made = report(kind, found if some else [])
    made = replace(made, document=ReportDocument(before=before, after=after))
    root = page(made)
    articles = [*root.iter("article")]
    reported = [*made.findings, *made.leads]
    assert [one.get("id") for one in articles] == [one.label for one in reported]
    assert [words(one[0]) for one in articles] == [f"{one.label} {one.title}" for one in reported]
    assert len(set(anchors(root))) == len(anchors(root))
    by_name = {one[0].get("id"): words(one[0]) for one in root.iter("section") if len(one)}
    assert by_name["summary"] == "Summary"
    assert by_name.get("model-report", "The model's report") == "The model's report"


def test_the_auditor_s_last_words_belong_to_no_finding() -> None:
    made = replace(client(), document=ReportDocument(after="Thank you.\n\n# Appendix\n\nMore."))
    root = page(made)
    assert "Thank you." not in words([*root.iter("article")][-1])
    main = root[-1]
    assert [words(one) for one in main[-2:]] == ["Thank you.", "Appendix More."]


def test_a_strange_key_is_no_anchor() -> None:
    made = report(found=[finding(1), finding(2)])
    strange = [replace(one, key='x"> <b>') for one in made.findings]
    root = page(replace(made, findings=tuple(strange)))
    assert [one.get("id") for one in root.iter("article")] == ["findings-1", "findings-2"]
    assert targets(root) <= set(anchors(root))


def test_a_list_at_the_end_stands_behind_the_findings_not_in_one() -> None:
    made = replace(client(), document=ReportDocument(after="- Mine\n- Too"))
    root = page(made)
    assert [one.text for one in root.findall("main/section/ul/li")] == ["Mine", "Too"]
    inside = ["".join(item.itertext()) for item in root.findall("main/section/article/ul/li")]
    assert not {"Mine", "Too"} & {*inside}
