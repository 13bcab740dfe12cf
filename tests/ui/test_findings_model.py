from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from spectr_desktop.records.findings import Finding
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.ui.findings_model import EXPLANATION, FINDING, GROUP, FindingsModel
from spectr_desktop.ui.findings_order import Apart, Grouping, Sort
from tests.ui.finding_samples import finding, place, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[FindingsModel]:
    model = FindingsModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    yield model
    tester.deleteLater()


def tree(model: FindingsModel) -> list[Any]:
    """Keys at the top, and for each group its title and its keys."""
    out: list[Any] = []
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if (found := index.data(FINDING)) is not None:
            out.append(found.key)
            continue
        keys = [model.index(n, 0, index).data(FINDING).key for n in range(model.rowCount(index))]
        out.append((index.data(), keys))
    return out


def wish(model: FindingsModel, **changes: object) -> None:
    model.wish(replace(model.wishes, **changes))  # type: ignore[arg-type]


class Seen:
    """What a model told of its rows."""

    def __init__(self, model: FindingsModel) -> None:
        self.told: list[str] = []
        for name in ("rowsInserted", "rowsRemoved", "rowsMoved", "dataChanged", "layoutChanged"):
            getattr(model, name).connect(lambda *_, name=name: self.told.append(name))
        model.modelReset.connect(lambda: self.told.append("modelReset"))


def test_findings_are_sorted_and_leads_are_apart(model: FindingsModel) -> None:
    model.set_findings(sample())
    assert tree(model) == ["F1", "F2", "F3", "F5", "F4", ("Leads (2)", ["F6", "F7"])]
    leads = model.index(5, 0)
    assert leads.data(GROUP) is Apart.LEADS
    assert "was not found" in leads.data(EXPLANATION)
    assert model.counts == (5, 2)
    assert not leads.flags() & Qt.ItemFlag.ItemIsSelectable


def test_new_findings_come_last_until_it_is_settled(model: FindingsModel) -> None:
    model.set_findings(sample())
    seen = Seen(model)
    worst = finding(8, severity=Severity.CRITICAL)
    model.set_findings([*sample(), worst])
    assert tree(model)[:6] == ["F1", "F2", "F3", "F5", "F4", "F8"]
    assert seen.told == ["rowsInserted"]
    model.settle()
    assert tree(model)[:3] == ["F8", "F1", "F2"]
    assert "modelReset" not in seen.told


def test_only_what_differs_is_told(model: FindingsModel) -> None:
    findings = sample()
    model.set_findings(findings)
    seen = Seen(model)
    model.set_findings(list(findings))
    model.set_findings([replace(each) for each in findings])  # equal, but other objects
    assert seen.told == []
    findings[1] = replace(findings[1], note="looked at")
    model.set_findings(findings)
    assert seen.told == ["dataChanged"]
    assert model.index_of("F2").data(FINDING).note == "looked at"


def test_a_changed_severity_moves_nothing_until_it_is_settled(model: FindingsModel) -> None:
    findings = sample()
    model.set_findings(findings)
    wish(model, grouping=Grouping.SEVERITY)
    assert [each[0] for each in tree(model)] == [
        "High (2)", "Medium (1)", "Low (1)", "Info (1)", "Leads (2)",
    ]  # fmt: skip
    findings[4] = replace(findings[4], severity=Severity.CRITICAL)
    before = tree(model)
    model.set_findings(findings)
    assert tree(model) == before
    model.settle()
    assert tree(model)[0] == ("Critical (1)", ["F5"])


def test_a_new_group_comes_behind_the_others_but_the_leads(model: FindingsModel) -> None:
    model.set_findings(sample())
    wish(model, grouping=Grouping.SEVERITY)
    model.set_findings([*sample(), finding(8, severity=Severity.CRITICAL)])
    assert [each[0] for each in tree(model)][-2:] == ["Critical (1)", "Leads (2)"]
    model.settle()
    assert tree(model)[0] == ("Critical (1)", ["F8"])


def test_a_lead_whose_code_is_found_moves_and_stays_what_it_was(model: FindingsModel) -> None:
    findings = sample()
    model.set_findings(findings)
    held = QPersistentModelIndex(model.index_of("F6"))
    seen = Seen(model)
    findings[5] = replace(findings[5], locations=(place(Anchor.FUZZY),))
    model.set_findings(findings)
    assert seen.told == ["rowsMoved", "dataChanged"]
    assert tree(model)[-2:] == ["F6", ("Leads (1)", ["F7"])]
    assert held.data(FINDING).key == "F6"
    findings[6] = replace(findings[6], locations=(place(),))
    model.set_findings(findings)
    assert tree(model)[-1] == "F7"


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        (Sort.SEVERITY, ["F1", "F2", "F3", "F5", "F4"]),
        (Sort.KEY, ["F1", "F2", "F3", "F4", "F5"]),
        (Sort.PLACE, ["F3", "F1", "F4", "F2", "F5"]),
        (Sort.STATE, ["F1", "F2", "F4", "F5", "F3"]),
    ],
)
def test_it_is_sorted_as_wished(model: FindingsModel, sort: Sort, keys: list[str]) -> None:
    findings = sample()
    findings[2] = replace(findings[2], state=State.FIXED)
    model.set_findings(findings)
    wish(model, sort=sort)
    assert model.keys()[:5] == keys


def test_a_key_of_two_digits_comes_behind_one_of_one(model: FindingsModel) -> None:
    model.set_findings([finding(10), finding(9), replace(finding(3), key="X")])
    wish(model, sort=Sort.KEY)
    assert model.keys() == ["F9", "F10", "X"]


def test_groups_by_file_and_state(model: FindingsModel) -> None:
    odd = replace(finding(3), locations=(), sightings=(), by_hand=True)
    model.set_findings([finding(1), finding(2, path="src/<b>.sol", state=State.FIXED), odd])
    wish(model, grouping=Grouping.FILE)
    assert tree(model) == [
        ("No file (1)", ["F3"]), ("src/<b>.sol (1)", ["F2"]), ("src/Vault.sol (1)", ["F1"]),
    ]  # fmt: skip
    wish(model, grouping=Grouping.STATE)
    assert tree(model) == [("Open (2)", ["F1", "F3"]), ("Fixed (1)", ["F2"])]
    wish(model, grouping=Grouping.NONE)
    assert tree(model) == ["F1", "F2", "F3"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ORACLE", ["F2", "F7"]),
        ("f3", ["F3"]),
        ("vault.with oracle", ["F2", "F7"]),
        ("looked", ["F1"]),
        ("nothing has this", []),
        ("  ", ["F1", "F2", "F3", "F5", "F4", "F6", "F7"]),
    ],
)
def test_it_is_filtered_by_text(model: FindingsModel, text: str, keys: list[str]) -> None:
    findings = sample()
    findings[0] = replace(findings[0], note="Looked at")
    model.set_findings(findings)
    wish(model, text=text)
    assert model.keys() == keys
    assert model.counts == (5, 2)


def test_it_is_filtered_by_severity_and_state(model: FindingsModel) -> None:
    findings = sample()
    findings[0] = replace(findings[0], state=State.FIXED)
    findings[3] = replace(findings[3], severity=None)
    model.set_findings(findings)
    wish(model, severities=frozenset({Severity.HIGH, None}))
    assert model.keys() == ["F1", "F2", "F4"]
    wish(model, states=frozenset({State.OPEN}))
    assert model.keys() == ["F2", "F4"]
    # What has been decided stays in sight until the reader asks.
    findings[1] = replace(findings[1], state=State.CONFIRMED)
    model.set_findings([*findings, finding(8, severity=Severity.LOW)])
    assert model.keys() == ["F2", "F4"]
    model.settle()
    assert model.keys() == ["F4"]


def test_merged_ones_are_hidden_unless_asked_for(model: FindingsModel) -> None:
    findings = sample()
    model.set_findings(findings)
    findings[1] = replace(findings[1], duplicate_of="F1", state=State.DUPLICATE)
    model.set_findings(findings)
    assert "F2" not in model.keys()  # noqa: SIM118
    assert model.counts == (4, 2)
    assert model.merged_count == 1
    wish(model, merged=True)
    assert model.keys()[:2] == ["F1", "F2"]
    findings[1] = replace(findings[1], duplicate_of="", state=State.OPEN)
    model.set_findings(findings)
    assert model.counts == (5, 2)


def test_what_is_gone_goes_and_empty_groups_with_it(model: FindingsModel) -> None:
    findings = sample()
    model.set_findings(findings)
    model.set_findings([findings[0], findings[3]])
    assert tree(model) == ["F1", "F4"]
    model.set_findings([])
    assert tree(model) == []
    assert model.counts == (0, 0)
    assert model.index_of("F1") == QModelIndex()


def test_five_thousand_cost_no_more_than_what_changed(
    model: FindingsModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [finding(n, severity=list(Severity)[n % 5]) for n in range(1, 5001)]
    model.set_findings(findings)
    compared: list[str] = []
    asked: list[str] = []
    equal = Finding.__eq__
    is_lead = Finding.is_lead.fget
    assert is_lead is not None

    def counted(self: Finding, other: object) -> bool:
        compared.append(self.key)
        return equal(self, other)

    monkeypatch.setattr(Finding, "__eq__", counted)
    monkeypatch.setattr(
        Finding, "is_lead", property(lambda self: asked.append(self.key) or is_lead(self))
    )
    seen = Seen(model)
    changed = [*findings]
    changed[2500] = replace(changed[2500], note="x")
    changed.append(finding(5001))
    model.set_findings(changed)
    assert seen.told == ["dataChanged", "rowsInserted"]
    assert len(compared) <= 2
    assert set(asked) == {"F2501", "F5001"}


def test_a_hostile_title_is_one_short_line(model: FindingsModel) -> None:
    hostile = "a\u202ebc\n<img src=x onerror=1>\r\n" + "<b>x</b>\u2028" * 10_000
    model.set_findings([finding(1, title=hostile), finding(2, title=" \n ")])
    shown = model.index_of("F1").data()
    assert shown.startswith("a⟦U+202E⟧bc <img src=x onerror=1> <b>x</b>")
    assert len(shown) <= 300
    assert "\n" not in shown
    tip = model.index_of("F1").data(Qt.ItemDataRole.ToolTipRole)
    assert "<img" not in tip
    assert "<b>" not in tip
    assert model.index_of("F2").data() == "Without a title"


def test_a_row_is_spoken_whole(model: FindingsModel) -> None:
    findings = sample()
    findings[0] = replace(findings[0], state=State.FALSE_POSITIVE, recheck=True)
    model.set_findings(findings)
    role = Qt.ItemDataRole.AccessibleTextRole
    assert model.index_of("F1").data(role) == (
        "High: Balance is cleared after the external call, F1, Vault.withdraw · 10, "
        "code found, re-check, false positive"
    )
    assert "code not found" in model.index_of("F6").data(role)
    assert model.index(5, 0).data(role).startswith("Leads (2). The code")


def test_questions_about_nothing(model: FindingsModel) -> None:
    model.set_findings(sample())
    assert model.index(99, 0) == QModelIndex()
    assert model.data(QModelIndex()) is None
    assert model.index_of("F1").data(Qt.ItemDataRole.DecorationRole) is None
    assert model.parent() is None
