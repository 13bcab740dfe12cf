"""The findings of a project as a tree of groups, changed row by row as they come."""

from __future__ import annotations

import html
import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt

from spectr_desktop.records.grades import Severity, State
from spectr_desktop.ui import finding_words, severities
from spectr_desktop.ui.findings_order import Apart, GroupName, Wishes, group_rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtCore import QObject

    from spectr_desktop.records.findings import Finding

    Index = QModelIndex | QPersistentModelIndex

FINDING = Qt.ItemDataRole.UserRole.value
"""The finding of a row, None for a group."""
GROUP = FINDING + 1
"""The name of a group's row, see `GroupName`; None for a finding."""
EXPLANATION = FINDING + 2
"""A sentence about a group."""

_NOWHERE = QModelIndex()


class _Group:
    """A group and the keys in it, in their order.

    Attributes:
        number: stands in the indexes of its rows; 0 for those at the top of the tree.
    """

    __slots__ = ("keys", "name", "number")

    def __init__(self, number: int, name: GroupName) -> None:
        self.number = number
        self.name = name
        self.keys: list[str] = []


class FindingsModel(QAbstractItemModel):
    """Findings in groups, leads in the last one.

    A row that is there keeps its place, whatever changes: only `settle` and new wishes sort,
    group and filter anew. New findings come at the end of their group until then.

    Attributes:
        wishes: what the reader wants to see; change them with `wish`.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.wishes = Wishes()
        self._findings: dict[str, Finding] = {}
        self._leads: set[str] = set()
        self._merged: set[str] = set()
        self._numbers = itertools.count(1)
        self._flat = _Group(0, Apart.FLAT)
        self._groups: list[_Group] = []
        self._by_number: dict[int, _Group] = {0: self._flat}
        self._home: dict[str, _Group] = {}

    # What is shown

    @property
    def counts(self) -> tuple[int, int]:
        """How many findings and how many leads there are, merged ones not counted."""
        leads = len(self._leads - self._merged)
        return len(self._findings) - len(self._merged) - leads, leads

    @property
    def merged_count(self) -> int:
        """How many were merged into another one."""
        return len(self._merged)

    @property
    def shown_count(self) -> int:
        """How many rows of findings and leads there are."""
        return len(self._home)

    @property
    def flat_count(self) -> int:
        """How many findings stand in no group; the groups come below them."""
        return len(self._flat.keys)

    def finding(self, key: str) -> Finding | None:
        """The finding of a key, shown or not."""
        return self._findings.get(key)

    def keys(self) -> list[str]:
        """The keys of all rows from top to bottom."""
        return [key for group in (self._flat, *self._groups) for key in group.keys]

    def index_of(self, key: str) -> QModelIndex:
        """The row of a key, invalid if it is not shown."""
        group = self._home.get(key)
        if group is None:
            return QModelIndex()
        return self.createIndex(group.keys.index(key), 0, group.number)

    # What changes

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Take all findings as they are now; only rows that differ are touched."""
        before = self._findings
        now = {finding.key: finding for finding in findings}
        # Most are the very objects that were here before: nothing of them is compared.
        changed = [
            finding
            for key, finding in now.items()
            if (old := before.get(key)) is not finding and old != finding
        ]
        gone = [key for key in before if key not in now]
        if gone:
            # Qt asks for a row while it goes.
            self._findings = before | now
            self._remove(gone)
            self._leads.difference_update(gone)
            self._merged.difference_update(gone)
        self._findings = now
        new: list[Finding] = []
        hidden: list[str] = []
        for finding in changed:
            self._note(finding)
            if finding.key not in self._home:
                new.append(finding)
            elif finding.duplicate_of and not self.wishes.merged:
                hidden.append(finding.key)
            else:
                self._update(finding)
        self._remove(hidden)
        self._append([finding for finding in new if self.wishes.shows(finding)])

    def wish(self, wishes: Wishes) -> None:
        """Change what the reader wants to see; all is sorted, grouped and filtered anew."""
        if wishes != self.wishes:
            self.wishes = wishes
            self.settle()

    def settle(self) -> None:
        """Put every row where it belongs now; what is selected stays selected."""
        flat = _Group(0, Apart.FLAT)
        numbers = {group.name: group.number for group in self._groups}
        groups: dict[GroupName, _Group] = {Apart.FLAT: flat}
        home: dict[str, _Group] = {}
        for finding in self.wishes.sorted(filter(self.wishes.shows, self._findings.values())):
            name = self._group_name(finding)
            group = groups.get(name)
            if group is None:
                number = numbers.get(name) or next(self._numbers)
                group = groups[name] = _Group(number, name)
            group.keys.append(finding.key)
            home[finding.key] = group
        del groups[Apart.FLAT]
        ordered = sorted(groups.values(), key=lambda group: group_rank(group.name))
        if [(g.name, g.keys) for g in (flat, *ordered)] == [
            (g.name, g.keys) for g in (self._flat, *self._groups)
        ]:
            return
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        names = [(index.data(FINDING), self._group_at(index)) for index in old]
        self._flat, self._groups, self._home = flat, ordered, home
        self._by_number = {group.number: group for group in (flat, *ordered)}
        new = [
            self.index_of(finding.key) if finding is not None else self._group_index(group)
            for finding, group in names
        ]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _note(self, finding: Finding) -> None:
        key = finding.key
        (self._leads.add if finding.is_lead else self._leads.discard)(key)
        (self._merged.add if finding.duplicate_of else self._merged.discard)(key)

    def _group_name(self, finding: Finding) -> GroupName:
        return self.wishes.group_of(finding, lead=finding.key in self._leads)

    def _update(self, finding: Finding) -> None:
        """A row shows something else; only between findings and leads does it move."""
        home = self._home[finding.key]
        lead = finding.key in self._leads
        if (home.name is Apart.LEADS) == lead:
            index = self.index_of(finding.key)
            self.dataChanged.emit(index, index)
            return
        goal = self._group_for(self._group_name(finding))
        row = home.keys.index(finding.key)
        source, target = self._group_index(home), self._group_index(goal)
        self.beginMoveRows(source, row, row, target, len(goal.keys))
        goal.keys.append(home.keys.pop(row))
        self._home[finding.key] = goal
        self.endMoveRows()
        self.dataChanged.emit(self.index_of(finding.key), self.index_of(finding.key))
        self._drop_empty()

    def _append(self, findings: list[Finding]) -> None:
        """New rows at the end of their groups, among themselves in order."""
        batches: dict[GroupName, list[str]] = {}
        for finding in self.wishes.sorted(findings):
            batches.setdefault(self._group_name(finding), []).append(finding.key)
        for name in sorted(batches, key=group_rank):
            group, keys = self._group_for(name), batches[name]
            first = len(group.keys)
            self.beginInsertRows(self._group_index(group), first, first + len(keys) - 1)
            group.keys += keys
            self._home.update(dict.fromkeys(keys, group))
            self.endInsertRows()
            self._tell_group(group)

    def _remove(self, keys: Iterable[str]) -> None:
        rows: dict[int, list[int]] = {}
        for key in keys:
            group = self._home.pop(key, None)
            if group is not None:
                rows.setdefault(group.number, []).append(group.keys.index(key))
        for number, found in rows.items():
            group = self._by_number[number]
            for first, last in reversed(list(_runs(sorted(found)))):
                self.beginRemoveRows(self._group_index(group), first, last)
                del group.keys[first : last + 1]
                self.endRemoveRows()
            self._tell_group(group)
        self._drop_empty()

    def _drop_empty(self) -> None:
        for group in [group for group in self._groups if not group.keys]:
            row = self._group_index(group).row()
            self.beginRemoveRows(_NOWHERE, row, row)
            self._groups.remove(group)
            del self._by_number[group.number]
            self.endRemoveRows()

    def _tell_group(self, group: _Group) -> None:
        index = self._group_index(group)
        if index.isValid() and group.keys:
            self.dataChanged.emit(index, index)

    # Groups

    def _group_for(self, name: GroupName) -> _Group:
        """The group of a name; a new one comes behind the others but the leads."""
        if name is Apart.FLAT:
            return self._flat
        for group in self._groups:
            if group.name == name and type(group.name) is type(name):
                return group
        group = _Group(next(self._numbers), name)
        has_leads = bool(self._groups) and self._groups[-1].name is Apart.LEADS
        at = len(self._groups) - (has_leads and name is not Apart.LEADS)
        row = len(self._flat.keys) + at
        self.beginInsertRows(_NOWHERE, row, row)
        self._groups.insert(at, group)
        self._by_number[group.number] = group
        self.endInsertRows()
        return group

    def _group_index(self, group: _Group | None) -> QModelIndex:
        if group is None or group.number == 0 or self._by_number.get(group.number) is None:
            return QModelIndex()
        group = self._by_number[group.number]
        return self.createIndex(len(self._flat.keys) + self._groups.index(group), 0, 0)

    def _group_at(self, index: Index) -> _Group | None:
        """The group whose own row this is."""
        if not index.isValid() or index.internalId():
            return None
        at = index.row() - len(self._flat.keys)
        return self._groups[at] if 0 <= at < len(self._groups) else None

    # Qt's questions

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """The index of a row (asked by Qt)."""
        # Asked for every row whenever one comes: the tree is laid out anew then.
        group = self._group_at(parent) if parent.isValid() else None
        if group is not None:
            number, rows = group.number, len(group.keys)
        else:
            number, rows = 0, 0 if parent.isValid() else self.rowCount()
        found = column == 0 and 0 <= row < rows
        return self.createIndex(row, 0, number) if found else QModelIndex()

    def parent(self, child: Index | None = None) -> QObject | QModelIndex | None:
        """The group's row of a finding's row (asked by Qt); without one, the owner."""
        if child is None:
            return super().parent()
        number = child.internalId() if child.isValid() else 0
        return self._group_index(self._by_number.get(number)) if number else QModelIndex()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows are in a group, or at the top (asked by Qt)."""
        if not parent.isValid():
            return len(self._flat.keys) + len(self._groups)
        group = self._group_at(parent)
        return len(group.keys) if group else 0

    def columnCount(self, _parent: Index = _NOWHERE) -> int:
        """One (asked by Qt)."""
        return 1

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        """Whether rows are below this one (asked by Qt)."""
        return self.rowCount(parent) > 0

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Findings can be selected, groups only reached (asked by Qt)."""
        if index.internalId() or 0 <= index.row() < len(self._flat.keys):
            return _FINDING_FLAGS
        return Qt.ItemFlag.ItemIsEnabled if index.isValid() else Qt.ItemFlag.NoItemFlags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a row shows (asked by Qt)."""
        if not index.isValid():
            return None
        group = self._group_at(index)
        if group is not None:
            return self._group_data(group, role)
        finding = self._findings[self._by_number[index.internalId()].keys[index.row()]]
        return _finding_data(finding, role)

    def _group_data(self, group: _Group, role: int) -> object:
        title = f"{self._group_title(group.name)} ({len(group.keys)})"
        if role == GROUP:
            return group.name
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        if role == EXPLANATION:
            return self._explanation(group)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{title}. {self._explanation(group)}"
        return None

    def _group_title(self, name: GroupName) -> str:
        if isinstance(name, Severity):
            return severities.word(name)
        if isinstance(name, State):
            return finding_words.state_word(name)
        if isinstance(name, str):
            return finding_words.one_line(name) or self.tr("No file")
        return self.tr("Leads") if name is Apart.LEADS else self.tr("Not rated")

    def _explanation(self, group: _Group) -> str:
        if group.name is Apart.LEADS:
            return self.tr("The code that the model names was not found in the source.")
        count = len(group.keys)
        return self.tr("1 finding") if count == 1 else self.tr("{n} findings").format(n=count)


_FINDING_FLAGS = (
    Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
)


def _finding_data(finding: Finding, role: int) -> object:
    if role == FINDING:
        return finding
    if role == Qt.ItemDataRole.DisplayRole:
        return finding_words.title(finding)
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return finding_words.spoken(finding)
    if role == Qt.ItemDataRole.ToolTipRole:
        # Escaped inside a tag: Qt would take a title with tags for rich text.
        return f"<p>{html.escape(finding_words.title(finding))}</p>"
    return None


def _runs(rows: list[int]) -> Iterable[tuple[int, int]]:
    """First and last of each unbroken run in a sorted list."""
    start = 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or rows[at] != rows[at - 1] + 1:
            yield rows[start], rows[at - 1]
            start = at
