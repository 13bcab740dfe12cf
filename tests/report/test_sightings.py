from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.project.outline import outline
from spectr_desktop.records.decisions import (
    Merged,
    NoteSet,
    Rechecked,
    Relocated,
    SeveritySet,
    Sighted,
    SightingSplit,
    Split,
    StateSet,
    TextsSet,
    Undone,
    Unmoved,
    Written,
    new_entry,
)
from spectr_desktop.records.findings import Finding, Location, Sighting, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.source import source_file
from spectr_desktop.report.sightings import ProjectFindings

if TYPE_CHECKING:
    from spectr_desktop.records.decisions import Decision, Entry

PATH = "Vault.sol"
VAULT = """\
contract Vault {
    mapping(address => uint256) balances;

    function add() external payable {
        balances[msg.sender] += msg.value;
    }

    function take(uint256 amount) external {
        require(balances[msg.sender] >= amount);
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
        balances[msg.sender] -= amount;
    }
}
"""
CALL, ADD = 10, 5
SHIFTED = VAULT.replace("    mapping", "    uint256 count;\n    mapping")
GUARDED = VAULT.replace(") external {", ") external nonReentrant {")
EDITED = VAULT.replace('{value: amount}("")', '{value: amount, gas: 5000}("")')
REMOVED = VAULT[: VAULT.index("    function take")] + "}\n"


class Project:
    """Findings with all the entries that made them."""

    def __init__(self, *decisions: Decision) -> None:
        self.found = ProjectFindings()
        self.entries: list[Entry] = []
        self.add(*decisions)

    def add(self, *decisions: Decision | None) -> set[str]:
        changed: set[str] = set()
        for decision in decisions:
            assert decision is not None
            self.entries.append(new_entry(decision))
            changed |= self.found.apply(self.entries[-1])
        return changed

    def edit(self, old: str, new: str, *, outlined: bool = False, path: str = PATH) -> None:
        known = outline(source_file(path, old)) if outlined else None
        self.add(*self.found.relocate(path, old, new, known))

    def __getitem__(self, key: str) -> Finding:
        found = self.found.finding(key)
        assert found is not None
        return found

    def lines(self, key: str) -> list[tuple[int, int]]:
        return [(place.start_line, place.end_line) for place in self[key].locations]


def place(line: int, *, path: str = PATH, anchor: Anchor = Anchor.EXACT) -> Location:
    function = "add" if line < 8 else "take"
    return Location(path, line, line, "Vault", function, "code", line, anchor)


def sighting(
    *lines: int,
    run: str = "run1",
    index: int = 0,
    severity: Severity | None = Severity.HIGH,
    source: str = VAULT,
    path: str = PATH,
) -> Sighting:
    return Sighting(
        run=run,
        cell="1.quick",
        index=index,
        texts=Texts(f"Title {run} {index}"),
        severity=severity,
        severity_origin="matrix" if severity else "",
        locations=tuple(place(line, path=path) for line in lines),
        source_sha256=source_file(path, source).sha256,
    )


FIRST = sighting(CALL)


def test_a_sighting_makes_a_finding() -> None:
    project = Project()
    assert project.found.next_key() == "F1"
    assert project.add(Sighted("F1", FIRST)) == {"F1"}
    assert project.found.findings == [
        Finding(
            key="F1",
            sightings=(FIRST,),
            texts=FIRST.texts,
            severity=Severity.HIGH,
            severity_origin="matrix",
            locations=FIRST.locations,
        )
    ]
    assert project.found.next_key() == "F2"
    assert project.found.finding("F2") is None


def test_an_entry_counts_once() -> None:
    project = Project(Sighted("F1", FIRST), NoteSet("F1", "a"), NoteSet("F1", "b"))
    before = project.found.findings
    assert [project.found.apply(entry) for entry in project.entries] == [set()] * 3
    assert project.found.findings == before


def test_findings_come_in_the_order_of_their_keys() -> None:
    project = Project(*(Sighted(f"F{n}", sighting(CALL, index=n)) for n in (10, 9, 2, 1)))
    assert [finding.key for finding in project.found.findings] == ["F1", "F2", "F9", "F10"]
    assert project.found.next_key() == "F11"


def test_a_key_that_any_entry_names_is_never_given_again() -> None:
    project = Project(NoteSet("F7", "its first line was damaged"))
    assert project.found.next_key() == "F8"
    assert project.found.findings == []


def test_the_worst_severity_counts_unless_the_auditor_has_his_own() -> None:
    project = Project(
        Sighted("F1", sighting(CALL, severity=None)),
        Sighted("F1", sighting(CALL, run="run2", severity=Severity.LOW)),
        Sighted("F1", sighting(CALL, run="run3", severity=Severity.CRITICAL)),
    )
    assert (project["F1"].severity, project["F1"].severity_origin) == (Severity.CRITICAL, "matrix")
    project.add(SeveritySet("F1", Severity.INFO))
    assert (project["F1"].severity, project["F1"].severity_origin) == (Severity.INFO, "auditor")
    project.add(SeveritySet("F1", None))
    assert project["F1"].severity is Severity.CRITICAL


def test_texts_can_be_edited_and_the_originals_come_back() -> None:
    project = Project(Sighted("F1", FIRST), TextsSet("F1", Texts("Mine")))
    assert (project["F1"].texts, project["F1"].edited) == (Texts("Mine"), True)
    assert project["F1"].sightings[0].texts == FIRST.texts
    project.add(TextsSet("F1", None))
    assert (project["F1"].texts, project["F1"].edited) == (FIRST.texts, False)


def test_a_finding_by_hand() -> None:
    written = Written("F1", Texts("Mine"), Severity.LOW, (place(ADD),), "")
    project = Project(written)
    finding = project["F1"]
    assert (finding.by_hand, finding.sightings, finding.is_lead) == (True, (), False)
    assert (finding.texts, finding.edited) == (Texts("Mine"), False)
    assert (finding.severity, finding.severity_origin) == (Severity.LOW, "auditor")
    assert finding.locations == (place(ADD),)


def test_merged_findings_count_with_their_target() -> None:
    other = sighting(ADD, index=1, severity=Severity.CRITICAL)
    project = Project(Sighted("F1", FIRST), Sighted("F2", other), StateSet("F2", State.CONFIRMED))
    assert project.add(Merged("F2", "F1")) == {"F1", "F2"}
    assert project["F1"].sightings == (FIRST, other)
    assert project["F1"].severity is Severity.CRITICAL
    assert project.lines("F1") == [(CALL, CALL), (ADD, ADD)]
    assert (project["F2"].duplicate_of, project["F2"].state) == ("F1", State.DUPLICATE)
    assert project["F2"].sightings == (other,)
    assert project.add(Sighted("F2", sighting(ADD, run="run2"))) == {"F1", "F2"}
    assert len(project["F1"].sightings) == 3
    assert project.found.seen_in("run2") == {"F1", "F2"}
    assert project.add(Split("F2")) == {"F1", "F2"}
    assert project["F1"].sightings == (FIRST,)
    assert (project["F2"].duplicate_of, project["F2"].state) == ("", State.CONFIRMED)


def test_merging_into_a_merged_one_reaches_the_one_that_stands() -> None:
    project = Project(*(Sighted(f"F{n}", sighting(CALL, index=n)) for n in (1, 2, 3)))
    project.add(Merged("F3", "F2"))
    assert project.add(Merged("F2", "F1")) >= {"F1", "F2"}
    assert [one.index for one in project["F1"].sightings] == [1, 2, 3]
    assert [one.index for one in project["F2"].sightings] == [2, 3]
    assert project.add(NoteSet("F3", "x")) == {"F1", "F2", "F3"}


def test_a_circle_or_a_missing_target_merges_nothing() -> None:
    project = Project(*(Sighted(f"F{n}", sighting(CALL, index=n)) for n in (1, 2, 3)))
    project.add(Merged("F1", "F2"), Merged("F2", "F1"), Merged("F3", "F3"))
    assert [finding.duplicate_of for finding in project.found.findings] == ["", "", ""]
    project.add(Merged("F3", "F1"), Merged("F2", "F9"))
    assert [finding.duplicate_of for finding in project.found.findings] == ["F2", "", "F1"]


def test_a_sighting_becomes_a_finding_of_its_own() -> None:
    second = sighting(ADD, run="run2", severity=Severity.CRITICAL)
    project = Project(Sighted("F1", FIRST), Sighted("F1", second))
    split = project.found.split_off(second)
    assert split == SightingSplit("F1", "run2", "1.quick", 0, "F2")
    assert project.add(split) == {"F1", "F2"}
    assert (project["F1"].sightings, project["F1"].severity) == ((FIRST,), Severity.HIGH)
    assert (project["F2"].sightings, project["F2"].texts) == ((second,), second.texts)
    assert (project.lines("F1"), project.lines("F2")) == ([(CALL, CALL)], [(ADD, ADD)])
    assert project.found.split_off(second) is None
    assert project.found.split_off(sighting(CALL, run="unknown")) is None


def test_splitting_off_the_first_sighting_leaves_the_places_of_the_other() -> None:
    second = sighting(ADD, run="run2")
    project = Project(Sighted("F1", FIRST), Sighted("F1", second))
    project.add(project.found.split_off(FIRST))
    assert project.lines("F1") == [(ADD, ADD)]
    assert project["F1"].texts == second.texts
    assert project.lines("F2") == [(CALL, CALL)]


def test_not_seen_is_not_fixed() -> None:
    project = Project(Sighted("F1", FIRST), Sighted("F2", sighting(ADD, run="run2")))
    assert project.found.seen_in("run2") == {"F2"}
    assert project["F1"].state is State.OPEN
    assert project.found.seen_in("run3") == set()


def test_what_was_a_lead_is_a_finding_when_its_code_is_found() -> None:
    nowhere = Location(PATH, 0, 0, "", "", "code", 3, Anchor.UNVERIFIED)
    lead = dataclasses.replace(FIRST, locations=(nowhere,))
    project = Project(Sighted("F1", lead))
    assert project["F1"].is_lead
    project.add(Sighted("F1", sighting(CALL, run="run2")))
    assert not project["F1"].is_lead
    assert project.lines("F1") == [(CALL, CALL)]


# Edits of the source


def test_an_edit_above_moves_the_lines_and_asks_nothing() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, SHIFTED, outlined=True)
    assert project.lines("F1") == [(CALL + 1, CALL + 1)]
    assert project["F1"].locations[0].anchor is Anchor.EXACT
    assert (project["F1"].stale, project["F1"].recheck) == (False, False)


def test_an_edit_elsewhere_is_one_entry_for_all() -> None:
    project = Project(Sighted("F1", FIRST), Sighted("F2", sighting(ADD, index=1)))
    longer = VAULT + "contract Other {}\n"
    sha256 = source_file(PATH, longer).sha256
    assert project.found.relocate(PATH, VAULT, longer) == [Unmoved(("F1", "F2"), PATH, sha256)]
    assert project.found.relocate("Other.sol", VAULT, longer) == []
    assert project.found.relocate(PATH, VAULT, VAULT) == []


def test_edited_code_is_stale_and_asks_if_it_was_decided() -> None:
    project = Project(Sighted("F1", FIRST), Sighted("F2", sighting(CALL, index=1)))
    project.add(StateSet("F1", State.FALSE_POSITIVE))
    project.edit(VAULT, EDITED)
    assert project.lines("F1") == [(CALL, CALL)]
    assert project["F1"].locations[0].anchor is Anchor.FUZZY
    assert (project["F1"].stale, project["F1"].recheck) == (True, True)
    assert (project["F2"].stale, project["F2"].recheck) == (True, False)
    assert project["F1"].state is State.FALSE_POSITIVE


def test_a_note_and_a_finding_by_hand_ask_too() -> None:
    sha256 = source_file(PATH, VAULT).sha256
    project = Project(Sighted("F1", FIRST), NoteSet("F1", "to be asked"))
    project.add(Written("F2", Texts("Mine"), None, (place(CALL),), sha256))
    project.edit(VAULT, EDITED)
    assert (project["F1"].recheck, project["F2"].recheck) == (True, True)


def test_the_mark_goes_when_the_auditor_has_looked_or_decides() -> None:
    for decision in (Rechecked("F1"), StateSet("F1", State.FIXED)):
        project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
        project.edit(VAULT, EDITED)
        project.add(NoteSet("F1", "hm"))
        assert project["F1"].recheck
        project.add(decision)
        assert (project["F1"].recheck, project["F1"].stale) == (False, True)


def test_removed_code_is_never_shown_as_found() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, REMOVED)
    finding = project["F1"]
    assert (finding.stale, finding.recheck, finding.state) == (True, True, State.CONFIRMED)
    assert [spot.anchor for spot in finding.locations] == [Anchor.UNVERIFIED]
    assert project.lines("F1") == [(0, 0)]
    assert not finding.is_lead
    assert finding.sightings == (FIRST,)


def test_a_fix_elsewhere_in_the_function_asks_too() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.add(Sighted("F2", sighting(ADD, index=1)), StateSet("F2", State.CONFIRMED))
    project.edit(VAULT, GUARDED, outlined=True)
    assert (project["F1"].recheck, project["F1"].stale) == (True, False)
    assert project["F2"].recheck is False


def test_moved_code_is_followed_and_asks() -> None:
    line = '        (bool ok, ) = msg.sender.call{value: amount}("");\n'
    moved = VAULT.replace(line, "").replace("        require(bal", line + "        require(bal")
    moved = moved.replace("    function add", "    // here\n    function add")
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, moved, outlined=True)
    assert moved.split("\n")[project.lines("F1")[0][0] - 1] + "\n" == line
    assert project["F1"].recheck


def test_there_and_back_restores() -> None:
    for new in (SHIFTED, EDITED, REMOVED, GUARDED, ""):
        project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
        project.add(Sighted("F2", sighting(CALL, ADD, index=1)))
        before = project.found.findings
        project.edit(VAULT, new, outlined=True)
        assert project.found.findings != before
        project.edit(new, VAULT, outlined=True)
        assert project.found.findings == before


def test_back_to_a_text_that_was_not_decided_about_asks() -> None:
    project = Project(Sighted("F1", FIRST))
    project.edit(VAULT, EDITED)
    project.add(StateSet("F1", State.FIXED))
    project.edit(EDITED, VAULT)
    assert project.lines("F1") == [(CALL, CALL)]
    assert (project["F1"].stale, project["F1"].recheck) == (False, True)


def test_an_edit_is_followed_once() -> None:
    project = Project(Sighted("F1", FIRST))
    project.edit(VAULT, SHIFTED)
    project.edit(VAULT, SHIFTED)
    assert project.lines("F1") == [(CALL + 1, CALL + 1)]
    project.edit(SHIFTED, SHIFTED + "// end\n")
    project.edit(SHIFTED + "// end\n", "// start\n" + SHIFTED)
    assert project.lines("F1") == [(CALL + 2, CALL + 2)]


def test_a_run_that_ends_after_an_edit_is_brought_up_to_it() -> None:
    project = Project(Sighted("F1", FIRST))
    project.edit(VAULT, SHIFTED)
    project.add(Sighted("F1", sighting(CALL, run="run2")))
    project.add(Sighted("F2", sighting(ADD, run="run2", index=1)))
    assert project.lines("F1") == [(CALL + 1, CALL + 1)]
    project.edit(VAULT, SHIFTED)
    assert project.lines("F1") == [(CALL + 1, CALL + 1)]
    assert project.lines("F2") == [(ADD + 1, ADD + 1)]


def test_a_new_sighting_of_changed_code_is_found_and_still_asks() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, EDITED)
    project.add(Sighted("F1", sighting(CALL, run="run2", source=EDITED)))
    assert (project["F1"].stale, project["F1"].recheck) == (False, True)
    assert project["F1"].locations[0].anchor is Anchor.EXACT


def test_a_sighting_of_a_text_that_nobody_has_followed_asks() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.add(Sighted("F2", sighting(CALL, index=1)))
    project.add(Sighted("F1", sighting(CALL + 1, run="run2", source=SHIFTED)))
    project.add(Sighted("F2", sighting(CALL + 1, run="run2", index=1, source=SHIFTED)))
    assert project.lines("F1") == project.lines("F2") == [(CALL + 1, CALL + 1)]
    assert (project["F1"].recheck, project["F2"].recheck) == (True, False)


def test_a_sighting_without_code_leaves_the_places() -> None:
    nowhere = Location(PATH, 0, 0, "", "", "code", 3, Anchor.UNVERIFIED)
    project = Project(Sighted("F1", FIRST))
    project.add(Sighted("F1", dataclasses.replace(FIRST, run="run2", locations=(nowhere,))))
    project.add(Sighted("F1", dataclasses.replace(FIRST, run="run3", locations=())))
    project.add(Sighted("F1", FIRST))
    assert project.lines("F1") == [(CALL, CALL)]
    assert len(project["F1"].sightings) == 3


def test_a_sighting_that_is_nowhere_cannot_be_split_off() -> None:
    project = Project(Sighted("F1", FIRST), SightingSplit("F1", "run9", "1.quick", 0, "F2"))
    assert project.found.finding("F2") is None
    assert project["F1"].sightings == (FIRST,)


def test_what_was_away_during_an_edit_is_stale() -> None:
    sha256 = source_file(PATH, VAULT).sha256
    project = Project(Sighted("F1", FIRST))
    project.add(Written("F2", Texts("Mine"), None, (place(CALL),), sha256))
    project.add(project.found.undo())
    assert project.found.finding("F2") is None
    project.edit(VAULT, SHIFTED)
    project.add(project.found.redo())
    assert (project["F2"].stale, project["F2"].recheck) == (True, True)
    project.edit(VAULT, SHIFTED)
    assert (project["F2"].stale, project.lines("F2")) == (False, [(CALL + 1, CALL + 1)])


def test_an_edit_concerns_all_that_was_shown_in_that_file() -> None:
    project = Project(Sighted("F1", FIRST), Sighted("F2", sighting(ADD, path="Other.sol", index=1)))
    project.add(Sighted("F3", sighting(ADD, index=2)))
    assert len(project.found.findings) == 3
    assert project.add(Unmoved(("F1",), PATH, "0" * 64)) == {"F1", "F3"}
    assert (project["F1"].stale, project["F2"].stale, project["F3"].stale) == (False, False, True)


def test_places_in_two_files_are_apart() -> None:
    both = dataclasses.replace(
        FIRST, locations=(place(CALL), place(ADD, path="Other.sol"), place(ADD))
    )
    project = Project(Sighted("F1", both), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, EDITED, path="Other.sol")
    assert (project["F1"].stale, project["F1"].recheck) == (False, False)
    project.edit(VAULT, SHIFTED)
    assert project.lines("F1") == [(CALL + 1, CALL + 1), (ADD, ADD), (ADD + 1, ADD + 1)]
    project.edit(EDITED, SHIFTED, path="Other.sol")
    assert project.lines("F1") == [(CALL + 1, CALL + 1), (ADD + 1, ADD + 1), (ADD + 1, ADD + 1)]


def test_code_of_a_merged_finding_asks_for_its_target() -> None:
    project = Project(Sighted("F1", sighting(ADD)), Sighted("F2", sighting(CALL, index=1)))
    project.add(Merged("F2", "F1"), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, EDITED)
    assert (project["F1"].recheck, project["F1"].stale) == (True, True)
    assert project["F1"].state is State.CONFIRMED
    project.add(Rechecked("F1"))
    assert not project["F1"].recheck


# Undo and redo


def test_undo_and_redo_go_one_by_one_and_keep_what_runs_saw() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED), NoteSet("F1", "a"))
    project.add(Sighted("F1", sighting(CALL, run="run2")))
    assert project.add(project.found.undo()) == {"F1"}
    assert (project["F1"].note, project["F1"].state) == ("", State.CONFIRMED)
    project.add(project.found.undo())
    assert project["F1"].state is State.OPEN
    assert len(project["F1"].sightings) == 2
    assert project.found.undo() is None
    project.add(project.found.redo())
    project.add(project.found.redo())
    assert (project["F1"].note, project["F1"].state) == ("a", State.CONFIRMED)
    assert project.found.redo() is None


def test_a_new_decision_ends_redo() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.add(project.found.undo(), NoteSet("F1", "a"))
    assert project.found.redo() is None
    project.add(project.found.undo())
    assert project.found.undo() is None
    assert project["F1"].state is State.OPEN


def test_what_cannot_be_undone_is_not() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    undo = project.found.undo()
    assert project.add(Undone(project.entries[0].id), Undone("unknown")) == set()
    assert project.add(undo) == {"F1"}
    assert project.add(undo) == set()
    project.add(project.found.redo())
    assert project.add(Undone(project.entries[-1].id)) == set()
    assert project["F1"].state is State.CONFIRMED


def test_undoing_a_decision_about_code_that_changed_since() -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    project.edit(VAULT, EDITED)
    project.add(project.found.undo())
    assert (project["F1"].stale, project["F1"].recheck) == (True, False)
    project.add(project.found.redo())
    assert project["F1"].recheck


# Properties

_TEXTS = [VAULT, SHIFTED, EDITED, GUARDED, REMOVED]
_KEYS = st.sampled_from(["F1", "F2", "F3", "F4"])
_SEEN = st.builds(
    sighting,
    st.sampled_from([CALL, ADD]),
    run=st.sampled_from(["run1", "run2"]),
    index=st.integers(0, 4),
    source=st.sampled_from(_TEXTS),
)
_DECIDED = st.one_of(
    st.builds(StateSet, _KEYS, st.sampled_from(State)),
    st.builds(NoteSet, _KEYS, st.sampled_from(["", "a"])),
    st.builds(TextsSet, _KEYS, st.sampled_from([None, Texts("Mine")])),
    st.builds(SeveritySet, _KEYS, st.sampled_from([None, *Severity])),
    st.builds(Merged, _KEYS, _KEYS),
    st.builds(Split, _KEYS),
    st.builds(Rechecked, _KEYS),
    st.builds(Written, _KEYS, st.just(Texts("By hand")), st.none(), st.just((place(ADD),))),
    st.builds(
        SightingSplit,
        _KEYS,
        st.just("run1"),
        st.just("1.quick"),
        st.integers(0, 4),
        st.sampled_from(["F5", "F6"]),
    ),
)
_SIGHTED = st.builds(Sighted, _KEYS, _SEEN)
_STEPS = st.lists(
    _DECIDED | _SIGHTED | st.sampled_from([*_TEXTS, "undo", "redo", "look"]), max_size=40
)


def played(steps: list[Decision | str]) -> Project:
    project = Project(Sighted("F1", FIRST), Sighted("F2", sighting(ADD, index=1)))
    text = VAULT
    for step in steps:
        if step == "look":
            assert project.found.findings
        elif step in ("undo", "redo"):
            answer = project.found.undo() if step == "undo" else project.found.redo()
            project.add(*([answer] if answer else []))
        elif isinstance(step, str):
            project.edit(text, step, outlined=True)
            text = step
        else:
            before = {finding.key: finding for finding in project.found.findings}
            changed = project.add(step)
            after = {finding.key: finding for finding in project.found.findings}
            keys = before.keys() | after.keys()
            assert {key for key in keys if before.get(key) != after.get(key)} <= changed
    return project


@settings(max_examples=200, deadline=None)
@given(_STEPS)
def test_a_replay_is_what_was_there(steps: list[Decision | str]) -> None:
    project = played(steps)
    again = ProjectFindings(project.entries)
    assert again.findings == project.found.findings
    assert again.next_key() == project.found.next_key()
    assert (again.undo(), again.redo()) == (project.found.undo(), project.found.redo())


@settings(max_examples=150, deadline=None)
@given(_STEPS, st.lists(_DECIDED, max_size=12))
def test_undoing_and_redoing_everything_restores_each_step(
    steps: list[Decision | str], decisions: list[Decision]
) -> None:
    project = played(steps)
    states = [project.found.findings]
    for decision in decisions:
        project.add(decision)
        states.append(project.found.findings)
    for state in states[-2::-1]:
        project.add(project.found.undo())
        assert project.found.findings == state
    for state in states[1:]:
        project.add(project.found.redo())
        assert project.found.findings == state
    assert project.found.redo() is None or not decisions
    assert ProjectFindings(project.entries).findings == project.found.findings


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_TEXTS), max_size=6))
def test_any_way_back_to_a_text_restores(texts: list[str]) -> None:
    project = Project(Sighted("F1", FIRST), StateSet("F1", State.CONFIRMED))
    before, current = project.found.findings, VAULT
    for text in [*texts, VAULT]:
        project.edit(current, text, outlined=True)
        current = text
    assert project.found.findings == before


def test_relocated_is_what_an_edit_answers() -> None:
    project = Project(Sighted("F1", FIRST))
    assert project.found.relocate(PATH, VAULT, SHIFTED) == [
        Relocated(
            key="F1",
            path=PATH,
            source_sha256=source_file(PATH, SHIFTED).sha256,
            locations=(dataclasses.replace(place(CALL), start_line=11, end_line=11),),
            stale=False,
            recheck=False,
        )
    ]
