"""One finding: what the model says, where the source bears it out, and what the auditor decides."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from spectr_desktop.records.findings import Finding, Texts
    from spectr_desktop.ui.banner import BannerKind
    from spectr_desktop.ui.theme import Theme


class FindingPane(QWidget):
    """Shows the selected finding.

    Attributes:
        header, places, words, editor, sightings, note, follow_up_area: its parts from above.
        follow_up: the Markdown view in which an answer streams.

    Signals:
        state_requested: (str key, State).
        severity_requested: (str key, Severity | None) None: as the model has it.
        note_changed: (str key, str text) also for a finding that is not shown any more.
        texts_changed: (str key, Texts | None) None: the model's own again.
        location_activated: (str path, int start, int end) a place in the source.
        sighting_activated: (str run, str cell, int start) a place in a report.
        rechecked: (str key) the auditor looked at the changed code.
        same_answered: (str key, bool) whether it is again the finding that it probably is.
        split_requested: (Sighting) this report means a finding of its own.
        ask_requested: (str key, str question).
        draft_requested: (str key) a proof of concept is wished.
        stop_requested: of the answer.
        link_requested: (str) a link in a model's text; http or https only.
    """

    state_requested = Signal(str, object)
    severity_requested = Signal(str, object)
    note_changed = Signal(str, str)
    texts_changed = Signal(str, object)
    location_activated = Signal(str, int, int)
    sighting_activated = Signal(str, str, int)
    rechecked = Signal(str)
    same_answered = Signal(str, bool)
    split_requested = Signal(object)
    ask_requested = Signal(str, str)
    draft_requested = Signal(str)
    stop_requested = Signal()
    link_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finding: Finding | None = None
        self._drafts: dict[str, Texts] = {}
        self._editing = False
        self._theme = theme
        self._built = False
        self._may_ask = (True, "")
        self.setObjectName("findingPane")
        self.setAccessibleName(self.tr("Finding"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._empty = QLabel(
            self.tr(
                "No finding is selected.\n\nChoose one in the list of findings: its code, the"
                " model's words and your decision stand here."
            ),
            self,
        )
        self._empty.setObjectName("findingEmpty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._empty.setMargin(40)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.setFocusProxy(self._empty)

    def _build(self) -> None:
        """Make the parts with the first finding: the start of the window does not wait for them."""
        from spectr_desktop.ui.finding_follow_up import FollowUp  # noqa: PLC0415
        from spectr_desktop.ui.finding_header import FindingHeader  # noqa: PLC0415
        from spectr_desktop.ui.finding_note import FindingNote  # noqa: PLC0415
        from spectr_desktop.ui.finding_places import PlacesSection  # noqa: PLC0415
        from spectr_desktop.ui.finding_sightings import SightingLinks  # noqa: PLC0415
        from spectr_desktop.ui.finding_texts import FindingTexts, TextsEditor  # noqa: PLC0415

        theme, self._built = self._theme, True
        self._page = QWidget(self)
        self._page.setObjectName("findingPage")
        self.header = FindingHeader(theme, self._page)
        self.places = PlacesSection(theme, self._page)
        self.words = FindingTexts(theme, self._page)
        self.editor = TextsEditor(self._page)
        self.sightings = SightingLinks(self._page)
        self.note = FindingNote(self._page)
        self.follow_up_area = FollowUp(theme, self._page)
        self.follow_up = self.follow_up_area.answer
        self.edit_button = QPushButton(self.tr("Edit"), self._page)
        self.edit_button.setObjectName("editFindingButton")
        self.edit_button.setToolTip(self.tr("Edit title and texts; the model's own are kept"))
        self.original_button = QPushButton(self.tr("The model's original"), self._page)
        self.original_button.setObjectName("showOriginalButton")
        self.original_button.setCheckable(True)
        self.original_button.setToolTip(self.tr("Read what the model wrote"))
        self._lay_out()
        self._wire()
        self.set_ask_enabled(*self._may_ask)

    def _lay_out(self) -> None:
        from spectr_desktop.ui.finding_texts import section_label  # noqa: PLC0415  # as above

        buttons = QHBoxLayout()
        buttons.setContentsMargins(24, 6, 24, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self.edit_button)
        buttons.addWidget(self.original_button)
        buttons.addStretch(1)
        note = QVBoxLayout()
        note.setContentsMargins(24, 0, 24, 0)
        note.addWidget(self.note)
        page = QVBoxLayout(self._page)
        page.setContentsMargins(0, 0, 0, 24)
        page.setSpacing(6)
        page.addWidget(self.header)
        page.addWidget(section_label(self.tr("Code"), self._page))
        page.addWidget(self.places)
        page.addWidget(self.words)
        page.addWidget(self.editor)
        page.addLayout(buttons)
        page.addWidget(self.sightings)
        page.addWidget(section_label(self.tr("Note"), self._page))
        page.addLayout(note)
        page.addWidget(section_label(self.tr("Follow-up"), self._page))
        page.addWidget(self.follow_up_area)
        page.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setObjectName("findingScroll")
        self._scroll.setAccessibleName(self.tr("Finding"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._page)
        self._stack.addWidget(self._scroll)

    def _wire(self) -> None:
        self.header.state_chosen.connect(lambda s: self.state_requested.emit(self.key, s))
        self.header.severity_chosen.connect(lambda s: self.severity_requested.emit(self.key, s))
        self.header.rechecked.connect(lambda: self.rechecked.emit(self.key))
        self.header.same_answered.connect(lambda same: self.same_answered.emit(self.key, same))
        self.sightings.split_requested.connect(self.split_requested)
        self.places.location_activated.connect(self.location_activated)
        self.sightings.sighting_activated.connect(self.sighting_activated)
        self.words.link_requested.connect(self.link_requested)
        self.follow_up.link_requested.connect(self.link_requested)
        self.note.note_changed.connect(self.note_changed)
        self.edit_button.clicked.connect(self.edit)
        self.original_button.toggled.connect(lambda _checked: self._show_words())
        self.editor.saved.connect(self._on_saved)
        self.editor.cancelled.connect(self._on_cancelled)
        self.follow_up_area.asked.connect(lambda q: self.ask_requested.emit(self.key, q))
        self.follow_up_area.draft_requested.connect(lambda: self.draft_requested.emit(self.key))
        self.follow_up_area.stop_requested.connect(self.stop_requested)

    # From outside

    @property
    def key(self) -> str:
        """The finding that is shown, "" for none."""
        return self._finding.key if self._finding else ""

    def show_finding(
        self,
        finding: Finding | None,
        source_of: Callable[[str], str | None],
        probable: str = "",
    ) -> None:
        """Show a finding; what is typed stays, and for the same one the place in the pane too.

        Args:
            finding: None for none.
            source_of: gives the text of a file, None if it is not known.
            probable: the key of the finding that it probably is again, which is asked.
        """
        if not self._built:
            if finding is None:
                return
            self._build()
        other = (finding.key if finding else "") != self.key
        if other:
            self._leave()
        self._finding = finding
        self.note.show_note(*((finding.key, finding.note) if finding else ("", "")))
        self.follow_up_area.show_key(self.key)
        page = self._scroll if finding else self._empty
        self._stack.setCurrentWidget(page)
        self.setFocusProxy(page)
        if finding is None:
            return
        self.header.show_finding(finding, probable)
        self.places.show_places(finding, source_of)
        self.sightings.show_sightings(finding)
        self._show_words()
        if other:
            self._order_tab_stops()
            self._scroll.verticalScrollBar().setValue(0)
            draft = self._drafts.pop(finding.key, None)
            if draft is not None:
                self._begin_edit(draft)

    def edit(self) -> None:
        """Let the auditor edit title and texts."""
        if self._finding is not None and not self._editing:
            self._begin_edit(self._finding.texts)
            # By any other reason all of it would be selected, and lost with the next letter.
            self.editor.title.setFocus(Qt.FocusReason.OtherFocusReason)
            self.editor.title.end(False)
            self._scroll.ensureWidgetVisible(self.editor.title)

    def write_note(self) -> None:
        """Let the auditor write into the note."""
        if self._finding is not None:
            self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._scroll.ensureWidgetVisible(self.note)

    def ask(self) -> None:
        """Let the auditor write a question."""
        question = self.follow_up_area.question
        question.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._scroll.ensureWidgetVisible(question)

    def flush(self) -> None:
        """Tell at once what has been written into the note."""
        if self._built:
            self.note.flush()

    def set_ask_enabled(self, enabled: bool, why: str = "") -> None:
        """Whether something can be asked about a finding, and if not, why."""
        self._may_ask = (enabled, why)
        if self._built:
            self.follow_up_area.set_enabled(enabled, why)

    def start_answer(self, title: str) -> None:
        """An answer about the finding that is shown begins."""
        self.follow_up_area.start_answer(title)

    def append_answer(self, text: str) -> None:
        """Take the next piece of the answer's Markdown."""
        self.follow_up_area.append_answer(text)

    def finish_answer(self, sentence: str, kind: BannerKind) -> None:
        """The answer is over; the sentence says how, "" if it is whole."""
        self.follow_up_area.finish_answer(sentence, kind)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters that nothing in the pane has taken: e edits, n goes to the note."""
        slots = {Qt.Key.Key_E: self.edit, Qt.Key.Key_N: self.write_note}
        slot = slots.get(Qt.Key(event.key()))
        if slot is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        else:
            slot()

    def _order_tab_stops(self) -> None:
        """From above to below, also through what was made later."""
        header, area = self.header, self.follow_up_area
        stops: list[QWidget] = [header.title, header.severity, header.state, header.recheck]
        stops += self.places.tab_stops()
        stops += self.words.views.values()
        stops += [self.edit_button, self.original_button]
        stops += self.sightings.tab_stops()
        stops += [self.note, area.question, area.ask, area.draft, area.stop, area.answer]
        for first, second in itertools.pairwise(stops):
            QWidget.setTabOrder(first, second)

    # Words and editing

    @property
    def _original(self) -> Texts | None:
        finding = self._finding
        return finding.sightings[0].texts if finding and finding.sightings else None

    def _show_words(self) -> None:
        finding = self._finding
        if finding is None:
            return
        original = self._original
        can_compare = finding.edited and original is not None and not self._editing
        if not can_compare and self.original_button.isChecked():
            self.original_button.setChecked(False)
        shown = finding.texts
        if original is not None and self.original_button.isChecked():
            shown = original
        self.words.show_texts(shown)
        self.words.setVisible(not self._editing)
        self.editor.setVisible(self._editing)
        self.edit_button.setVisible(not self._editing)
        self.original_button.setVisible(can_compare)

    def _begin_edit(self, texts: Texts) -> None:
        self._editing = True
        self.editor.edit(texts, self._original)
        self._show_words()

    def _end_edit(self) -> None:
        had_focus = self.editor.isAncestorOf(self.focusWidget() or self)
        self._editing = False
        self._show_words()
        if had_focus:
            self.edit_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _leave(self) -> None:
        """Another finding will be shown: an edit that was begun waits for its return."""
        if self._editing:
            self._drafts[self.key] = self.editor.texts()
        self._editing = False
        self.original_button.setChecked(False)

    def _on_saved(self, texts: Texts) -> None:
        finding = self._finding
        if finding is None:
            return
        self._end_edit()
        if texts == self._original:
            if finding.edited:
                self.texts_changed.emit(finding.key, None)
        elif texts != finding.texts:
            self.texts_changed.emit(finding.key, texts)

    def _on_cancelled(self) -> None:
        self._end_edit()
