"""Habits that no linter knows, checked in the syntax tree of the whole package."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import spectr_desktop

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(spectr_desktop.__file__).parent
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_BANNED_CALLS = {
    "exec": "opens a loop inside the loop",
    "exec_": "opens a loop inside the loop",
    "processEvents": "spins the loop",
    "ensure_future": "makes a task without an owner",
    "asyncSlot": "gives no task to cancel",
    "asyncClose": "spins the loop",
}
# Where one of them is right: (module, call).
_ALLOWED: frozenset[tuple[str, str]] = frozenset()
# A person reads what is given to these.
_SHOWN = {
    "setText", "setToolTip", "setAccessibleName", "setAccessibleDescription", "setWindowTitle",
    "setPlaceholderText", "setInformativeText", "setTabText", "addTab", "addAction", "addMenu",
    "setHeaderLabels", "show_banner", "show_message",
}  # fmt: skip
# The program's own name is the same in every language.
_NAMES = {"Spectr Desktop"}


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call, with the last part of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield name, node


def _banned(source: str, module: str) -> list[str]:
    tree = ast.parse(source)
    found = [
        f"{module}:{node.lineno}: {name}() {_BANNED_CALLS[name]}"
        for name, node in _calls(tree)
        if name in _BANNED_CALLS and (module, name) not in _ALLOWED
    ]
    found += [
        f"{module}:{node.lineno}: sleep() waits for time"
        for name, node in _calls(tree)
        if name == "sleep"
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "time"
    ]
    found += [
        f"{module}:{node.lineno}: sleep is taken from time"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "time"
        and "sleep" in {alias.name for alias in node.names}
    ]
    return found


def _words(node: ast.AST) -> Iterator[str]:
    """Literal words in an argument that did not go through tr()."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in ("tr", "translate"):
            return
        if name == "format" and isinstance(node.func, ast.Attribute):
            yield from _words(node.func.value)
            return
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value not in _NAMES and sum(map(str.isalpha, node.value)) > 1:
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        parts = [part for part in node.values if isinstance(part, ast.Constant)]
    elif isinstance(node, (ast.BinOp, ast.List, ast.Tuple, ast.IfExp)):
        parts = list(ast.iter_child_nodes(node))
    else:
        parts = []
    for part in parts:
        yield from _words(part)


def _untranslated(source: str, module: str) -> list[str]:
    return [
        f"{module}:{node.lineno}: {name}({word!r})"
        for name, node in _calls(ast.parse(source))
        if name in _SHOWN
        for argument in node.args
        for word in _words(argument)
    ]


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: str(path.relative_to(_PACKAGE)))
def test_a_module_does_nothing_that_is_banned(path: Path) -> None:
    assert _banned(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    "path",
    [p for p in _MODULES if p.parent.name == "ui"],
    ids=lambda path: path.name,
)
def test_what_a_person_reads_goes_through_tr(path: Path) -> None:
    assert _untranslated(path.read_text(encoding="utf-8"), path.name) == []


@pytest.mark.parametrize(
    "source",
    [
        "dialog.exec()",
        "menu.exec_(point)",
        "app.processEvents()",
        "asyncio.ensure_future(work())",
        f"import time\n{'time'}.sleep(1)",
        "from time import sleep",
        "@asyncSlot()\ndef slot(self): ...",
    ],
)
def test_the_check_finds_what_is_banned(source: str) -> None:
    assert len(_banned(source, "x.py")) == 1


@pytest.mark.parametrize("source", ["await asyncio.sleep(0)", "dialog.open()", "executor(x)"])
def test_the_check_lets_the_rest_pass(source: str) -> None:
    assert _banned(source, "x.py") == []


@pytest.mark.parametrize(
    "source",
    [
        'label.setText("Ready")',
        'label.setText(f"Ready {name}")',
        'label.setText("{n} files".format(n=1))',
        'label.setText("On" if on else "Off")',
        'tabs.addTab(page, "Files")',
        'tree.setHeaderLabels(["File", self.tr("Lines")])',
    ],
)
def test_the_check_finds_words_without_tr(source: str) -> None:
    assert _untranslated(source, "x.py") != []


@pytest.mark.parametrize(
    "source",
    [
        'label.setText(self.tr("Ready"))',
        'label.setText(self.tr("{n} files").format(n=1))',
        'label.setText("")',
        'label.setText(f"{name} •")',
        'button.setText("☰")',
        "label.setText(name)",
    ],
)
def test_the_check_lets_signs_and_names_pass(source: str) -> None:
    assert _untranslated(source, "x.py") == []
