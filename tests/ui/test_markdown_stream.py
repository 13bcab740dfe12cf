"""A report that was streamed, in any pieces, is the same document as one shown at once."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.corpus import report, tokens
from spectr_desktop.ui.markdown_view import MarkdownView
from tests.report.commonmark_samples import EXAMPLES, SECTIONS
from tests.report.markdown_samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytestqt.qtbot import QtBot

    from spectr_desktop.report.blocks import BlockSplitter
    from spectr_desktop.ui.theme import Theme

_SIZES = (300, 800, 1500, 2500, 4000, 6000)
_REPORTS = [(size, seed) for size in _SIZES for seed in range(4)]
_GROUPS = 6
_LINES = sorted({line for text in EXAMPLES for line in text.splitlines(keepends=True)})
_TEXTS = st.text("-*_`#|>[]()!~<&\\:= \n\tab1.", max_size=60)
_MIXED = st.lists(st.sampled_from(_LINES), max_size=9).map("".join)
_DEFINITION = re.compile(r"\]:")


class Counted(MarkdownView):
    """Counts how often the whole document is written anew."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.again = 0

    def _render_again(self, splitter: BlockSplitter | None = None) -> None:
        self.again += 1
        super()._render_again(splitter)


class Pair(NamedTuple):
    """A view that streams and one that shows a text at once; both are used again and again."""

    streamed: Counted
    whole: MarkdownView

    def check(self, text: str, *cuts: Sequence[str]) -> int:
        """Stream the text in each of the cuts and compare; how often it was written anew."""
        self.whole.set_markdown(text)
        html, states = self.whole.toHtml(), _states(self.whole)
        again = 0
        for pieces in cuts:
            self.streamed.clear()
            self.streamed.again = 0
            for piece in pieces:
                self.streamed.append(piece)
                self.streamed.render_now()
            self.streamed.finish()
            assert self.streamed.toHtml() == html, pieces
            assert _states(self.streamed) == states
            assert self.streamed.text() == text
            assert self.streamed.again <= bool(_DEFINITION.search(text))
            again += self.streamed.again
        return again


def _states(view: MarkdownView) -> list[int]:
    document = view.document()
    return [
        document.findBlockByNumber(number).userState() for number in range(document.blockCount())
    ]


@pytest.fixture
def pair(qtbot: QtBot, theme: Theme) -> Pair:
    views = Pair(Counted(theme), MarkdownView(theme))
    for view in views:
        qtbot.addWidget(view)
    return views


def every(text: str, count: int) -> list[str]:
    return [text[at : at + count] for at in range(0, len(text), count)]


def by_tokens(text: str, count: int = 33) -> list[str]:
    parts = tokens(text)
    return ["".join(parts[at : at + count]) for at in range(0, len(parts), count)]


def at_random(text: str, seed: int, most: int) -> list[str]:
    source = random.Random(seed)  # noqa: S311 - only cuts a text
    out: list[str] = []
    at = 0
    while at < len(text):
        out.append(text[at : at + source.randint(1, most)])
        at += len(out[-1])
    return out


def test_there_are_enough_documents() -> None:
    assert len({*EXAMPLES, *SAMPLES}) + len(_REPORTS) >= 300


@pytest.mark.parametrize("section", SECTIONS)
def test_examples_of_each_section(section: str, pair: Pair) -> None:
    for seed, text in enumerate(SECTIONS[section]):
        cuts = (list(text), every(text, 4), by_tokens(text), at_random(text, seed, 12), [text])
        pair.check(text, *cuts)


@pytest.mark.parametrize("group", range(_GROUPS))
def test_samples(group: int, pair: Pair) -> None:
    for seed, text in enumerate(SAMPLES[group::_GROUPS]):
        pair.check(text, every(text, 4), by_tokens(text), at_random(text, seed, 12), [text])


@pytest.mark.parametrize("size", _SIZES)
def test_reports_of_many_seeds(size: int, pair: Pair) -> None:
    for seed in range(4):
        text = report(size, seed)
        fine = [every(text, 4)] if size < 1000 else []
        cuts = (by_tokens(text), at_random(text, seed, 9 + size // 20), [text])
        assert pair.check(text, *fine, *cuts) == 0


@given(_TEXTS | _MIXED, st.integers(0, 999), st.integers(1, 40))
@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_documents_that_nobody_wrote(pair: Pair, text: str, seed: int, most: int) -> None:
    pair.check(text, at_random(text, seed, most))


def test_examples_one_after_another_are_one_document(pair: Pair) -> None:
    for seed in range(12):
        source = random.Random(seed)  # noqa: S311 - only mixes examples
        text = "\n".join(source.sample(EXAMPLES, 8))
        pair.check(text, by_tokens(text, 3), at_random(text, seed, 60))


def test_late_definitions_are_settled_by_one_render_at_the_end(pair: Pair) -> None:
    late = "[a] first\n\n- [x] b\n\npara [b]\n\n[a]: https://example.org/a\n\nend\n\n"
    text = late + "[b]: https://example.org/b\n[x]: https://example.org/x\n"
    assert pair.check(text, list(text), every(text, 4), every(text, 12)) == 3
    early = text[len(late) :] + "\n" + late
    assert pair.check(early, [early], every(early, 60)) == 0
