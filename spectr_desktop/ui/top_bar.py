"""The bar above the columns: open, model, Run or Stop, where the source goes, export."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from spectr_desktop.records.server import Locality
from spectr_desktop.ui.model_picker import ModelPicker


class TopBar(QWidget):
    """Lays the controls out; the window decides what they do.

    Signals:
        open_requested, run_requested, stop_requested, export_requested: a button was pressed.
    """

    open_requested = Signal()
    run_requested = Signal()
    stop_requested = Signal()
    export_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.open_button = self._button("openButton", self.tr("Open"), self.tr("Open file"))
        self.open_button.setToolTip(self.tr("Open a contract (Ctrl+O)"))
        self.open_button.clicked.connect(self.open_requested)
        self.picker = ModelPicker(self)
        self.run_button = self._button("runButton", self.tr("Run audit"), self.tr("Run audit"))
        self.run_button.setToolTip(self.tr("Send the source to the model (Ctrl+R)"))
        self.run_button.clicked.connect(self.run_requested)
        self.stop_button = self._button("stopButton", self.tr("■ Stop"), self.tr("Stop"))
        self.stop_button.setToolTip(self.tr("Stop the run and keep what arrived (Esc)"))
        self.stop_button.clicked.connect(self.stop_requested)
        self.badge = QLabel(self)
        self.badge.setObjectName("privacyBadge")
        self.badge.setAccessibleName(self.tr("Where the source goes"))
        self.export_button = self._button(
            "exportButton", self.tr("Export…"), self.tr("Export report")
        )
        self.export_button.setToolTip(self.tr("Write the report to a file (Ctrl+E)"))
        self.export_button.clicked.connect(self.export_requested)
        self.menu_button = QToolButton(self)
        self.menu_button.setObjectName("menuButton")
        self.menu_button.setText("☰")
        self.menu_button.setAccessibleName(self.tr("Menu"))
        self.menu_button.setToolTip(self.tr("More (F10)"))
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self.set_running(running=False)

    def set_menu(self, menu: QMenu) -> None:
        """What the menu button opens."""
        self.menu_button.setMenu(menu)

    def set_running(self, *, running: bool) -> None:
        """Show Stop in the place of Run, or Run in the place of Stop; the focus stays there."""
        had_focus = self.run_button.hasFocus() or self.stop_button.hasFocus()
        self.run_button.setVisible(not running)
        self.stop_button.setVisible(running)
        if had_focus:
            (self.stop_button if running else self.run_button).setFocus()

    def show_locality(
        self, locality: Locality | None, host: str, *, refusals: int | None = None
    ) -> None:
        """Say where the source goes with the picked model; None hides the badge.

        Args:
            locality: of the picked model.
            host: where it is.
            refusals: connections refused so far in air-gap mode; None if the mode is off.
        """
        texts = {
            Locality.LOCAL: (self.tr("Local"), self.tr("The source stays on this machine.")),
            Locality.LOCAL_PORT: (
                self.tr("Local port"),
                self.tr("The source goes to a port of this machine; what listens may forward it."),
            ),
            Locality.REMOTE: (
                self.tr("Remote"),
                self.tr("The source leaves this machine and goes to {host}.").format(host=host),
            ),
        }
        self.badge.setVisible(locality is not None or refusals is not None)
        if refusals is not None:
            text = self.tr("Air-gapped")
            if refusals:
                text = self.tr("Air-gapped · {count} refused").format(count=refusals)
            explanation = self.tr(
                "Nothing but this machine is contacted. Connections refused so far: {count}."
            ).format(count=refusals)
            value = "air_gap"
        elif locality is not None:
            text, explanation = texts[locality]
            value = locality.value
        else:
            return
        self.badge.setText(text)
        self.badge.setToolTip(explanation)
        self.badge.setAccessibleDescription(explanation)
        self.badge.setProperty("locality", value)
        self.badge.style().unpolish(self.badge)
        self.badge.style().polish(self.badge)

    def _button(self, name: str, text: str, accessible: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(accessible)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 7, 14, 7)
        layout.setSpacing(10)
        # The same width for both, so that nothing moves when a run begins or ends.
        width = max(self.run_button.sizeHint().width(), self.stop_button.sizeHint().width()) + 12
        for button in (self.run_button, self.stop_button):
            button.setMinimumWidth(width)
        layout.addWidget(self.open_button)
        layout.addWidget(self.picker, 2)
        layout.addWidget(self.run_button)
        layout.addWidget(self.stop_button)
        layout.addStretch(1)
        layout.addWidget(self.badge)
        layout.addWidget(self.export_button)
        layout.addWidget(self.menu_button)
