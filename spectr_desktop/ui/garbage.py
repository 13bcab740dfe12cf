"""Python's garbage collection, kept on the GUI thread."""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 2000


class GuiThreadCollector(QObject):
    """Collects garbage from a timer instead of whenever some thread allocates.

    The journal and the engine have threads of their own. A collection that starts in one of them
    would destroy Qt objects outside the GUI thread, which crashes now and then.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        # What is there now stays until the end; later collections need not look at it.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def collect(self) -> None:
        """Collect the oldest generation that is due, as the interpreter itself would."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return

    def stop(self) -> None:
        """Give collection back to the interpreter."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
