from __future__ import annotations

from dataclasses import replace

import pytest

from spectr_desktop.records.findings import Category, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import (
    Cell,
    CellResult,
    CompleteInput,
    ErrorInfo,
    Outcome,
    RunResult,
    Timings,
    Usage,
)
from spectr_desktop.records.server import ModelInfo
from spectr_desktop.records.source import GitState, Span, source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.report.export.formats import TEXT_SUFFIXES, exported
from spectr_desktop.report.export.stamps import PRACTICE, STAMPS
from tests.report.export.report_samples import (
    CONFIDENCE,
    QUOTE,
    client,
    finding,
    findings,
    place,
    report,
    result,
)
from tests.run_samples import header


def test_a_client_gets_what_the_auditor_stands_for_numbered_by_severity() -> None:
    made = client()
    assert [(one.number, one.key) for one in made.findings] == [
        ("C-01", "F2"),
        ("H-01", "F3"),
        ("H-02", "F4"),
        ("M-01", "F1"),
    ]
    assert made.leads == ()
    assert made.left_out == 2
    chosen = frozenset((State.OPEN,))
    others = report_of(header(), result(), findings(), kind=ReportKind.CLIENT, states=chosen)
    assert [one.label for one in others.findings] == ["H-01"]


def test_a_hundred_findings_of_one_severity_have_a_hundred_numbers() -> None:
    made = client([finding(n, None) for n in range(1, 101)])
    assert [one.number for one in made.findings][::99] == ["U-01", "U-100"]
    assert len({one.number for one in made.findings}) == 100


def test_a_working_report_has_all_but_what_was_merged() -> None:
    made = report()
    assert [one.label for one in made.findings] == ["F2", "F3", "F4", "F5", "F1", "F6"]
    assert [one.label for one in made.leads] == ["F7", "F8"]
    assert made.left_out == 0
    first = made.findings[0].evidence
    assert first is not None
    assert (first.sightings, first.runs, first.merged) == (1, 1, ("F9",))
    assert first.confidence == (CONFIDENCE,)
    assert [one.text for one in made.texts] == [result().texts["1.quick"]]


def test_chains_of_merged_findings_end_at_the_one_that_stands() -> None:
    found = [
        finding(1),
        replace(finding(2), duplicate_of="F1"),
        replace(finding(3), duplicate_of="F2"),
        replace(finding(4), duplicate_of="F5"),
        replace(finding(5), duplicate_of="F4"),
    ]
    (only,) = report(found=found).findings
    assert only.evidence is not None
    assert only.evidence.merged == ("F2", "F3")


def test_the_auditors_words_and_severity_win_and_the_models_are_kept() -> None:
    made = {one.key: one for one in report().findings}["F3"]
    assert (made.title, made.severity, made.description) == (
        "The auditor's title",
        Severity.HIGH,
        "His *words*.",
    )
    assert (made.impact, made.likelihood) == ("", "")  # they came to another severity
    assert made.original is not None
    assert (made.original.title, made.original.severity) == ("Title 3", Severity.LOW)
    assert (made.original.impact, made.original.description) == ("high", "Description 3")
    untouched = {one.key: one for one in report().findings}["F4"]
    assert (untouched.impact, untouched.likelihood) == ("high", "medium")


def test_what_the_auditor_wrote_has_no_original() -> None:
    own = replace(finding(1), sightings=(), by_hand=True)
    (made,) = report(found=[own]).findings
    assert made.original is None
    assert made.evidence is not None
    assert made.evidence.by_hand


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
def test_nothing_of_how_it_was_found_reaches_a_client(suffix: str) -> None:
    text = exported(client(), suffix).decode()
    for secret in (
        "Title 5",  # open
        "Title 6",  # false positive
        "Title 7",  # a lead
        "Title 8",
        "Title 9",  # merged
        "Title 3",  # the model's words
        CONFIDENCE,
        "Transcript",
        "model-of-the-sighting",
        "label-of-the-model",
        "127.0.0.1",
        "/home",
        "trusted",
        "77",  # the line that the model claimed
    ):
        assert secret not in text.replace(client().scope.files[0].sha256, ""), secret
    assert "Title 4" in text
    everything = exported(report(), suffix).decode()
    assert CONFIDENCE in everything
    assert "Title 6" in everything


def test_a_client_is_told_which_model_read_the_source_and_where() -> None:
    engine = client().engine
    assert (engine.model, engine.provider, engine.locality.value) == ("smollm2", "ollama", "local")
    assert (engine.host, engine.parameters, engine.usage) == ("", None, Usage())


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("http://127.0.0.1:11434", "127.0.0.1:11434"),
        ("https://user:key@api.example.com/v1", "api.example.com"),
        ("localhost:8080/v1", "localhost:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[broken", ""),
        ("http://x:port", ""),
        ("", ""),
    ],
)
def test_of_an_address_only_the_host_is_told(base_url: str, host: str) -> None:
    assert report(base_url=base_url).engine.host == host


@pytest.mark.parametrize(
    ("root", "name", "label"),
    [
        ("/home/me/vault", "vault", "vault"),
        ("C:\\work\\vault\\", "vault", "vault"),
        ("", "Vault.sol", ""),
        ("/", "Vault.sol", ""),
    ],
)
def test_of_a_folder_only_the_name_is_told(root: str, name: str, label: str) -> None:
    project = report(root=root).project
    assert (project.name, project.root_label) == (name, label)
    assert (project.commit, project.branch, project.dirty) == ("", "", None)


def test_the_scope_says_what_was_sent() -> None:
    (file,) = report().scope.files
    assert (file.path, file.lines, file.nsloc, file.role) == ("Vault.sol", 3, 2, "in_scope")
    assert report_of(header(), result(), [], kind=ReportKind.WORKING).scope.files[0].nsloc is None


def _cells(*spans: tuple[int, int]) -> tuple[Cell, ...]:
    return tuple(
        Cell(f"{n}.quick", n, "quick", (Span("a.sol", *span),), 1, "ab" * 32)
        for n, span in enumerate(spans, 1)
    )


def test_unread_lines_are_those_that_no_request_has_read() -> None:
    reference = replace(source_file("b.sol", "x\n" * 5), role="reference")
    made = header(files=(source_file("a.sol", "x\n" * 30), reference))
    made = replace(made, cells=_cells((1, 5), (6, 10), (11, 15), (16, 20), (18, 25)))
    ends = (
        CellResult("1.quick", Outcome.COMPLETE),
        CellResult("2.quick", Outcome.FAILED),
        CellResult("3.quick", Outcome.STOPPED),  # with a text
        CellResult("4.quick", Outcome.INTERRUPTED, timings=Timings(first_token_ms=1)),
    )
    ended = RunResult(Outcome.FAILED, "", ends, {"3.quick": "some"}, None)
    coverage = report_of(made, ended, [], kind=ReportKind.CLIENT).scope.coverage
    assert coverage.unread_lines == (Span("a.sol", 6, 10), Span("a.sol", 21, 30))
    assert [one.outcome for one in coverage.cells] == [
        Outcome.COMPLETE,
        Outcome.FAILED,
        Outcome.STOPPED,
        Outcome.INTERRUPTED,
        Outcome.NOT_SENT,
    ]


@pytest.mark.parametrize(
    ("said", "planned", "expected"),
    [
        (["yes", "yes"], 2, "yes"),
        (["yes", "unknown"], 2, "unknown"),
        (["unknown", "no"], 2, "no"),
        (["yes"], 2, "unknown"),
    ],
)
def test_the_input_is_complete_only_if_every_requests_is(
    said: list[str], planned: int, expected: str
) -> None:
    ends = tuple(
        CellResult(f"{n}.quick", Outcome.COMPLETE, complete_input=CompleteInput(one))
        for n, one in enumerate(said, 1)
    )
    ended = RunResult(Outcome.COMPLETE, "", ends, {}, None)
    made = report_of(header(cells=planned), ended, [], kind=ReportKind.WORKING)
    assert made.scope.coverage.complete_input.value == expected


def test_timings_are_of_all_requests() -> None:
    ends = (
        CellResult(
            "1.quick", Outcome.COMPLETE, usage=Usage(1, 100), timings=Timings(5, 9, 1000, 50)
        ),
        CellResult(
            "2.quick", Outcome.COMPLETE, usage=Usage(1, 100), timings=Timings(6, 8, 500, 25)
        ),
        CellResult("3.quick", Outcome.COMPLETE),
    )
    ended = RunResult(Outcome.COMPLETE, "", ends, {}, None)
    timings = report_of(header(cells=3), ended, [], kind=ReportKind.WORKING).engine.timings
    assert (timings.connect_ms, timings.first_token_ms, timings.total_ms) == (5, 9, 1500)
    assert timings.tokens_per_second == pytest.approx(200 / 6)
    assert report(ended=RunResult(Outcome.COMPLETE, "", (), {})).engine.timings == Timings()


@pytest.mark.parametrize("outcome", [one for one in Outcome if not one.finished])
@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
def test_every_format_says_that_a_run_is_not_complete(
    outcome: Outcome, kind: ReportKind, suffix: str
) -> None:
    stamp = f"Not complete. {STAMPS[outcome]}"
    for found in ([], [finding()]):
        text = exported(report(kind, found, result(outcome)), suffix).decode()
        assert stamp in text
        whole = exported(report(kind, found), suffix).decode()
        assert "Not complete" not in whole


def test_missing_requests_are_named_and_servers_are_quoted_for_work_alone() -> None:
    error = ErrorInfo("auth", "10.1.2.3 refuses the key.")
    ended = replace(result(Outcome.FAILED, explanation="It said no."), error=error)
    made = header(cells=3, model=ModelInfo("m", practice=True))
    working = report_of(made, ended, [], kind=ReportKind.WORKING).notices
    assert working[1:3] == ("10.1.2.3 refuses the key.", "It said no.")
    missing = "Without a complete answer: 1.quick, 2.quick, 3.quick, of 3 requests."
    assert working[3:] == (missing, PRACTICE)
    for_client = report_of(made, ended, [], kind=ReportKind.CLIENT).notices
    assert for_client == (working[0], missing, PRACTICE)


def test_a_clients_finding_names_places_that_exist_if_there_are_any() -> None:
    both = (place(Anchor.UNVERIFIED), place(Anchor.MOVED))
    (made,) = client([replace(finding(), locations=both)]).findings
    assert [(one.anchor, one.claimed_line, one.quote) for one in made.locations] == [
        (Anchor.MOVED, 0, QUOTE)
    ]
    gone = replace(finding(state=State.FIXED), locations=(place(Anchor.UNVERIFIED),))
    (made,) = client([gone]).findings
    assert [one.start_line for one in made.locations] == [0]


def test_the_most_telling_category_of_all_sightings_counts() -> None:
    first = replace(finding().sightings[0], category=Category("", "", 0, 0, "words"))
    second = replace(first, category=Category("", "SC01", 2026, 0, ""))
    third = replace(first, category=Category("SCWE-018", "SC01", 2026, 346, ""))
    known = [
        report(found=[replace(finding(), sightings=seen)]).findings[0].category
        for seen in ((first,), (first, second), (first, second, third))
    ]
    assert [(one.scwe, one.owasp_sc, one.year) for one in known] == [
        ("", "", 0),
        ("", "SC01", 2026),
        ("SCWE-018", "SC01", 2026),
    ]


def test_an_untitled_finding_stays_one() -> None:
    (made,) = client([replace(finding(), texts=Texts())]).findings
    assert (made.title, made.label) == ("", "H-01")


@pytest.mark.parametrize("kind", list(ReportKind))
def test_a_report_has_the_findings_that_were_chosen(kind: ReportKind) -> None:
    found = [finding(1), finding(2), finding(3, anchor=Anchor.UNVERIFIED)]
    made = report_of(header(), result(), found, kind=kind, keys={"F2", "F3"}, title="Own title")
    assert [one.key for one in made.findings] == ["F2"]
    assert (made.left_out, made.title) == (1, "Own title")
    assert [one.key for one in made.leads] == (["F3"] if kind is ReportKind.WORKING else [])


def test_what_git_said_is_in_the_report() -> None:
    git = GitState("a" * 40, "main", dirty=True)
    told = report_of(header(git=git), result(), [], kind=ReportKind.WORKING).project
    assert (told.commit, told.branch, told.dirty) == ("a" * 40, "main", True)
