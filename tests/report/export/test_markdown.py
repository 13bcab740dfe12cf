from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spectr_desktop.records.findings import Category, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import Report, ReportDocument, ReportKind, ReportProject
from spectr_desktop.records.run import CompleteInput, ErrorInfo, Header, Outcome, RunResult, Timings
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.markdown import markdown
from spectr_desktop.report.export.stamps import PRACTICE, STAMPS
from tests.report.export.report_samples import client, finding, findings, place, report, result
from tests.run_samples import header

_PARSER = MarkdownIt("commonmark").enable("table")


def working(of: Header, ended: RunResult) -> str:
    """The working report of a run that found nothing."""
    return markdown(report_of(of, ended, (), kind=ReportKind.WORKING))


def rows(text: str) -> list[list[str]]:
    """The cells of all tables, as a reader sees them."""
    found: list[list[str]] = []
    for before, token in pairwise(_PARSER.parse(text)):
        if token.type == "tr_open":
            found.append([])
        elif before.type in ("td_open", "th_open"):
            found[-1].append("".join(child.content for child in token.children or []))
    return found


def facts(text: str) -> dict[str, str]:
    return {row[0]: row[1] for row in rows(text) if len(row) == 2}


def headings(text: str) -> list[tuple[str, str]]:
    """The report's own headings."""
    return [
        (opening.tag, inline.content)
        for opening, inline in pairwise(_PARSER.parse(text))
        if opening.type == "heading_open" and opening.tag < "h5" and opening.level == 0
    ]


def test_a_working_report_has_its_parts_in_their_order() -> None:
    assert [title for tag, title in headings(markdown(report())) if tag < "h3"] == [
        "Security review of Vault.sol",
        "Disclaimer",
        "Scope",
        "Coverage and limits",
        "Risk classification",
        "Summary",
        "Findings",
        "Leads",
        "Run parameters",
        "The model's report",
    ]


def test_a_clients_report_ends_with_its_findings() -> None:
    text = markdown(client())
    assert [title for tag, title in headings(text) if tag == "h2"][-2:] == ["Summary", "Findings"]
    assert [title for tag, title in headings(text) if tag == "h3"] == [
        "C-01 Title 2",
        "H-01 The auditor's title",
        "H-02 Title 4",
        "M-01 Title 1",
    ]
    assert "each one that is reported here was judged by the auditor" in text
    assert "because of their state or by choice: 2 further findings." in text
    assert facts(text)["Findings"] == "1 critical, 2 high, 1 medium"
    assert "Nobody has checked" not in text
    assert "Code found" not in text


def test_a_client_is_told_what_nobody_has_judged() -> None:
    made = client()
    opened = replace(made.findings[0], state=State.OPEN)
    text = markdown(replace(made, findings=(opened,)))
    assert "Those whose status is open have not been judged" in text
    assert "was judged by the auditor" not in text


def test_a_complete_report_says_how_it_came_about() -> None:
    timed = result(timings=Timings(total_ms=12340), complete_input=CompleteInput.YES)
    text = working(header(), timed)
    told = facts(text)
    assert told["Outcome"] == "complete"
    assert told["Model"] == "smollm2"
    assert told["Answered by"] == "ollama, on this machine"
    assert (told["Tokens read"], told["Tokens written"]) == ("1,200", "30")
    assert (told["Time"], told["All of the input read"]) == ("12.3 s", "yes")
    assert told["Run"] == header().id
    assert ["Vault.sol", "3", "not counted", "in scope", header().files[0].sha256[:12]] in rows(
        text
    )
    assert "Not complete" not in text
    assert PRACTICE not in text
    assert "Nobody has checked it" in text


def test_the_scope_counts_lines_of_code_and_what_nobody_read() -> None:
    text = markdown(report(ended=result(Outcome.FAILED, "", timings=Timings())))
    assert rows(text)[[row[0] for row in rows(text)].index("File") + 1][1:4] == [
        "3",
        "2",
        "in scope",
    ]
    assert "In scope: 2 normalised lines of code" in text
    assert "-   `Vault.sol:1–3`" in text
    assert "no request has read" not in markdown(report())


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if not outcome.finished])
def test_what_is_not_complete_says_so_first(outcome: Outcome, kind: ReportKind) -> None:
    text = markdown(report(kind, ended=result(outcome)))
    assert text.split("\n\n")[1] == f"> **Not complete. {STAMPS[outcome]}**"
    assert facts(text)["Outcome"] == outcome.value.replace("_", " ")


def test_errors_and_explanations_are_told_in_one_line() -> None:
    failed = replace(
        result(Outcome.FAILED, explanation="cyber\n# Complete"),
        error=ErrorInfo("x", "It *broke*\n\n# Complete"),
    )
    lines = working(header(), failed).split("\n")
    assert r"> **It \*broke\* # Complete**" in lines
    assert "> **cyber # Complete**" in lines


def test_a_cut_input_and_the_practice_model_are_told() -> None:
    practice = replace(header().model, practice=True)
    cut = result(complete_input=CompleteInput.NO)
    text = working(header(model=practice), cut)
    assert "> **The model read only a part of the source. " in text
    assert f"> **{PRACTICE}**" in text


@pytest.mark.parametrize("locality", list(Locality))
@pytest.mark.parametrize("kind", list(ReportKind))
def test_the_place_of_the_model_is_told(locality: Locality, kind: ReportKind) -> None:
    text = markdown(report(kind, locality=locality))
    local = "on this machine" in text or "own machine" in text
    assert local == (locality is not Locality.REMOTE) or locality is Locality.LOCAL_PORT
    assert ("a remote service" in text) == (locality is Locality.REMOTE)


def test_a_commit_is_told_where_it_is_known() -> None:
    known = ReportProject("vault", "vault", "ab" * 20, "main", dirty=True)
    told = facts(markdown(replace(report(), project=known)))
    assert told["Commit"] == "ab" * 20 + ", with changes that are in no commit"
    assert told["Branch"] == "main"
    assert "Commit" not in facts(markdown(report()))


_HOSTILE = [
    "a|b`c",
    "`",
    "|",
    "``x``",
    "a\nb\r\n# Heading\n\n---",
    "<script>alert(1)</script>",
    "![x](http://192.0.2.1/x.png)",
    "[x](javascript:alert(1))",
    "**bold** _it_ \\",
    "\x1b[31m\x00\x85\u2028|\u202e",
    "\ud800",
    "",
]
_ANY = st.text(alphabet="|`\\*_[]()<>#!~-= \n\r\t&a:1.+", max_size=25)


def hostile(text: str, kind: ReportKind) -> Report:
    """A report in which everything that others wrote is this text."""
    model = ModelInfo(text, parameter_size=text, quantization=text, digest=text)
    files = (source_file(text, "x\n"), source_file("b.sol", "y\n"))
    words = Texts(*[text] * 6)
    where = place(path=text, contract=text, function=text, quote=text)
    seen = replace(finding().sightings[0], model=text, confidence=text, texts=words)
    one = replace(finding(), texts=words, note=text, locations=(where,), sightings=(seen,))
    lead = replace(
        finding(2, anchor=Anchor.UNVERIFIED),
        texts=words,
        locations=(place(Anchor.UNVERIFIED, text),),
    )
    ended = replace(
        result(Outcome.FAILED, text, explanation=text), error=ErrorInfo("x", f"E {text}")
    )
    return report(
        kind, [one, lead], ended, title=text, model=model, files=files, base_url=text, provider=text
    )


def check_hostile(text: str, kind: ReportKind) -> None:
    written = markdown(hostile(text, kind))
    clean = markdown(hostile("word", kind))
    assert len(headings(written)) <= len(headings(clean))
    ours = [title for _, title in headings(written)]
    assert [title for tag, title in headings(written) if tag == "h2"] == [
        title for tag, title in headings(clean) if tag == "h2"
    ]
    assert len([title for title in ours if title.startswith(("F1", "F2", "H-01"))]) == (
        1 if kind is ReportKind.CLIENT else 2
    )
    ended = _PARSER.parse(f"{written}\n\n## Behind it\n")
    flat = [t for token in ended for t in (token, *(token.children or ()))]
    assert not {t.type for t in flat} & {"html_block", "html_inline", "image"}
    assert ended[-2].content == "Behind it"
    table = rows(written.partition("## Findings")[0])
    at = [row[0] for row in table].index("File")
    assert [row[1:] for row in table[at + 1 : at + 3]] == [
        ["1", "1", "in scope", source_file("", "x\n").sha256[:12]],
        ["1", "1", "in scope", source_file("", "y\n").sha256[:12]],
    ]
    assert table[at + 2][0] == "b.sol"


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("text", _HOSTILE)
def test_words_of_others_cannot_break_the_report(text: str, kind: ReportKind) -> None:
    check_hostile(text, kind)


@given(_ANY, st.sampled_from(ReportKind))
@settings(max_examples=150, deadline=None)
def test_no_words_can_break_the_report(text: str, kind: ReportKind) -> None:
    check_hostile(text, kind)


def test_a_model_cannot_write_headings_of_the_report() -> None:
    faked = "# Security review of Vault.sol\n\n## Findings\n\n### H-01 None\n\nSetext\n===\n"
    text = markdown(report(ended=result(text=faked), found=[]))
    assert [title for _, title in headings(text)].count("Findings") == 0
    assert "##### Security review of Vault.sol\n\n###### Findings" in text


@pytest.mark.parametrize(
    "text", ["# A\n\n| x |\n", "```solidity\nnever closed", "    code first", "<b>\r\n\u2028 |`*"]
)
def test_the_models_text_stands_last(text: str) -> None:
    written = working(header(cells=1), result(text=text))
    assert written.endswith(f"\n\n---\n\n{canonical(text)}\n")


def test_texts_stand_in_the_order_of_the_plan_and_none_swallows_the_next() -> None:
    made = replace(result(), texts={"3.quick": "three", "1.quick": "```\none"})
    written = working(header(cells=3), made)
    assert written.endswith("---\n\n```\none\n```\n\n---\n\nthree\n")


@pytest.mark.parametrize("texts", [{}, {"1.quick": ""}, {"1.quick": "\n\n"}])
def test_nothing_written_is_told(texts: dict[str, str]) -> None:
    made = replace(result(Outcome.STOPPED), texts=texts, cells=())
    assert working(header(), made).endswith("*Nothing was written.*\n")


def test_the_summary_says_what_was_found() -> None:
    found = [
        replace(finding(1, Severity.LOW, State.OPEN, Anchor.MOVED), texts=Texts("A | *b*\nc")),
        finding(2, Severity.CRITICAL, State.OPEN),
        finding(3, Severity.HIGH, State.OPEN, Anchor.MISSING_FILE),
        replace(finding(4, None), duplicate_of="F2"),
        replace(finding(5, None, State.WONT_FIX, Anchor.FUZZY), texts=Texts(), recheck=True),
    ]
    table = rows(markdown(report(found=found)))
    where = "Vault.sol:2–3 Vault.withdraw"
    at = table.index(["Key", "Finding", "Severity", "Location", "Code found", "State"])
    assert table[at + 1 : at + 4] == [
        ["F2", "Title 2", "critical", where, "yes", "open"],
        ["F1", "A | *b* c", "low", where, "yes, not where the model said", "open"],
        ["F5", "(no title)", "", where, "yes, with small differences", "wont fix, re-check"],
    ]
    at = table.index(["Key", "Lead", "Severity", "Claimed location", "Code found"])
    lead = ["F3", "Title 3", "high", "Vault.sol Vault.withdraw", "no, the file was not sent"]
    assert table[at + 1] == lead


def test_a_finding_is_told_whole() -> None:
    _, _, text = markdown(report(found=[finding(1)])).partition("### F1 Title 1\n\n")
    text, _, _ = text.partition("\n\n## Run parameters")
    assert text.split("\n\n") == [
        (
            "-   **Severity:** High (impact high, likelihood medium)\n"
            "-   **Status:** Confirmed\n"
            "-   **Location:** `Vault.sol:2–3` `Vault.withdraw`\n"
            "-   **Code found:** yes"
        ),
        (
            "```solidity\nfunction withdraw() external {\n"
            '    (bool ok, ) = msg.sender.call{value: 1}("");\n```'
        ),
        "#### Description",
        "Description 1",
        "#### Exploit scenario",
        "Scenario 1",
        "#### Proof of concept",
        "Proof 1",
        "#### Recommendation",
        "Advice 1",
        "#### Suggested fix",
        "```solidity\nfix1();\n```",
        "#### References",
        (
            "-   SCWE-046 Reentrancy Attacks\n"
            "-   OWASP SC08:2026 Reentrancy\n"
            "-   [CWE-367](https://cwe.mitre.org/data/definitions/367.html)"
        ),
        "#### Evidence",
        (
            "-   1 sighting in 1 run\n-   Models: `model-of-the-sighting`\n"
            "-   Severity by: matrix\n"
            "-   The model's own confidence, which proves nothing: confidence-93"
        ),
    ]


@pytest.mark.parametrize("anchor", list(Anchor))
def test_code_that_is_not_in_the_source_like_that_is_not_shown_as_if_it_were(
    anchor: Anchor,
) -> None:
    fix = "```solidity\nfunction withdraw() external nonReentrant {\n"
    fix += '    (bool ok, ) = msg.sender.call{value: 1}("");\n```'
    texts = Texts("Title", "words", suggested_fix=fix)
    one = replace(finding(anchor=Anchor.EXACT), texts=texts, locations=(place(anchor),))
    verbatim = anchor in (Anchor.EXACT, Anchor.MOVED)
    for_client, working = markdown(client([one])), markdown(report(found=[one]))
    assert ("```solidity\nfunction withdraw() external {\n" in for_client) == verbatim
    assert "```solidity\nfunction withdraw() external {\n" in working
    assert ("As the model quotes it:" in working) != verbatim
    assert "As the model quotes it:" not in for_client
    difference = (
        "```diff\n-function withdraw() external {\n+function withdraw() external nonReentrant"
    )
    assert (difference in for_client) == (difference in working) == verbatim


def test_what_the_auditor_changed_and_noted_is_told_in_working_reports() -> None:
    text = markdown(report())
    assert "-   Edited: the texts are no longer the model's" in text
    assert "-   Title in the model's words: Title 3" in text
    assert "-   Severity in the model's report: low" in text
    assert "#### Note\n\nThe caller is trusted." in text
    assert "-   Merged into it: F9" in text
    own = replace(finding(), sightings=(), by_hand=True, recheck=True, stale=True)
    text = markdown(report(found=[own]))
    assert "-   Written by the auditor\n-   Severity by: matrix\n-   To be checked again:" in text
    assert "-   Its code has changed since it was found" in text


def test_many_places_are_counted() -> None:
    many = replace(finding(), locations=tuple(place(line=n) for n in range(1, 24)))
    assert "`Vault.sol:20–21` `Vault.withdraw`, and 3 more" in markdown(report(found=[many]))


def test_a_report_without_findings_says_so() -> None:
    for kind in ReportKind:
        text = markdown(report(kind, []))
        assert "No findings are reported." in text
        assert "## Findings" not in text
        assert "## Leads" not in text


def test_the_matrix_is_the_one_that_rates() -> None:
    table = rows(markdown(report()))
    at = table.index(["", "Impact high", "Impact medium", "Impact low"])
    assert table[at + 1 : at + 4] == [
        ["Likelihood high", "critical", "high", "medium"],
        ["Likelihood medium", "high", "medium", "low"],
        ["Likelihood low", "medium", "low", "low"],
    ]


def test_the_same_report_gives_the_same_text() -> None:
    assert markdown(report()) == markdown(report(found=findings()))


def test_the_auditors_own_sections_stand_beside_the_reports() -> None:
    own = ReportDocument(
        "Ada & Co", "Client <b>", "1.0", "# Method\n\n## Steps\n\nBy hand.", "# Appendix\n\nx"
    )
    text = markdown(replace(client(), document=own))
    assert "| Client | Client &lt;b&gt; |" in text
    order = ["## Disclaimer", "## Method", "### Steps", "## Scope", "## Findings", "## Appendix"]
    assert [text.index(f"\n{heading}\n") for heading in order] == sorted(
        text.index(f"\n{heading}\n") for heading in order
    )


def outer_lists(text: str) -> list[str]:
    """The lists of a text that stand in no other block."""
    tokens = MarkdownIt("commonmark").parse(text)
    return [one.type for one in tokens if one.type.endswith("list_open") and one.level == 0]


@pytest.mark.parametrize("text", ["- Mine\n- Too", "1. Mine\n2. Too"])
@pytest.mark.parametrize("referred", [False, True])
def test_a_list_of_the_auditors_is_no_part_of_a_list_before_it(text: str, referred: bool) -> None:
    made = client([finding(1, texts=Texts("Title", recommendation=text))])
    category = Category(cwe=367) if referred else Category()
    made = replace(made, findings=tuple(replace(one, category=category) for one in made.findings))
    own = replace(made, document=ReportDocument(before=text, after=text))
    assert len(outer_lists(markdown(own))) == len(outer_lists(markdown(made))) + 2
