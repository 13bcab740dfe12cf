"""Plans of several requests, by our estimate and by a server's count."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit import budget, compose, prompts
from spectr_desktop.audit.plan import FollowUp, Limits, RunPlan, plan_counted, plan_run
from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.records.codec import from_json, to_json
from spectr_desktop.records.run import GenerationRequest, Header
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.records.source import GitState, Span, source_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from spectr_desktop.records.source import SourceFile

_MODEL = ModelInfo("m", context=4096)
_OLLAMA = Ollama(ServerConfig("ollama"), lambda: None)
_ROOM = 3072


def contract(name: str, tokens: int) -> SourceFile:
    """A file of about so many tokens by our estimate."""
    line = f"    // {name} holds nothing at all\n"
    return source_file(
        f"src/{name}.sol", f"contract {name} {{\n{line * (tokens * 3 // len(line))}}}\n"
    )


_FILES = [contract(name, 1000) for name in ("A", "B", "C", "D", "E")]
_HUGE = contract("Huge", 9000)


def spans(plan: RunPlan) -> list[list[str]]:
    return [[span.path for span in cell.spans] for cell in plan.header.cells]


class Counting(Ollama):
    """Counts by a rule of the test, as llama-server and Anthropic count; None when it ends."""

    def __init__(self, rule: Callable[[str], float], answers: int = 1000) -> None:
        super().__init__(ServerConfig("ollama"), lambda: None)
        self._rule = rule
        self._answers = answers
        self.counted: list[GenerationRequest] = []

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        self.counted.append(request)
        if len(self.counted) > self._answers:
            return None
        return round(self._rule(request.system + request.prompt))


def test_what_does_not_fit_is_sent_in_parts() -> None:
    plan = plan_run(_FILES, _MODEL, _OLLAMA, Limits(seed=7), root="/a")
    header = plan.header
    assert spans(plan) == [
        ["src/A.sol", "src/B.sol"],
        ["src/C.sol", "src/D.sol"],
        ["src/E.sol"],
    ]
    assert [cell.id for cell in header.cells] == ["1.quick", "2.quick", "3.quick"]
    assert [cell.part for cell in header.cells] == [1, 2, 3]
    assert header.title == "src/A.sol and 4 more"
    assert header.files == tuple(_FILES)
    assert header.cells == tuple(planned.cell for planned in plan.requests)
    assert from_json(Header, to_json(header)) == header
    for planned in plan.requests:
        cell, request = planned.cell, planned.request
        assert planned.refused is None
        assert cell.estimated_input <= _ROOM
        assert cell.estimated_input + request.parameters.max_tokens <= 4096
        assert request.parameters.context == header.parameters.context == 4096
        assert request.parameters.seed == 7
        assert cell.prompt_sha256 == prompts.Composed(request.system, request.prompt).sha256
        sent = {file.path for file in _FILES if file.text in request.prompt}
        assert sent == {span.path for span in cell.spans}
        assert f"# Report on {cell.title}\n" in request.prompt
    assert header.cells[1].title == "part 2 of 3: src/C.sol and 1 more"
    assert max(one.request.parameters.max_tokens for one in plan.requests) == (
        header.parameters.max_tokens
    )


def test_every_line_is_in_exactly_one_part() -> None:
    plan = plan_run([*_FILES, _HUGE], _MODEL, _OLLAMA, Limits())
    sent = [span for cell in plan.header.cells for span in cell.spans]
    assert sent == [Span(file.path, 1, file.lines) for file in (*_FILES, _HUGE)]


def test_one_part_is_the_same_with_and_without_a_limit() -> None:
    roomy = plan_run(_FILES, ModelInfo("m", context=65536), _OLLAMA, Limits())
    boundless = plan_run(_FILES, ModelInfo("m"), _OLLAMA, Limits())
    assert [cell.prompt_sha256 for cell in roomy.header.cells] == [
        cell.prompt_sha256 for cell in boundless.header.cells
    ]
    assert (roomy.header.cells[0].title, roomy.header.cells[0].max_tokens) == ("", None)


def test_a_file_that_never_fits_does_not_stop_the_others() -> None:
    plan = plan_run([_FILES[0], _HUGE, _FILES[1]], _MODEL, _OLLAMA, Limits())
    assert [planned.refused is not None for planned in plan.requests] == [False, True, False]
    refused = plan.requests[1].refused
    assert refused is not None
    assert refused.code == "context_overflow"
    assert refused.message.startswith("“src/Huge.sol” alone needs about ")
    assert "It was not sent." in refused.message
    assert (refused.params["path"], refused.params["limit"]) == ("src/Huge.sol", 4096)
    assert plan.header.files[1] == _HUGE
    bodies = "".join(str(shown.body) for shown in compose.preview(plan, _OLLAMA))
    assert "A holds nothing" in bodies
    assert "B holds nothing" in bodies
    assert "Huge holds nothing" not in bodies


def test_alone_or_among_its_like_it_is_said_before_anything_is_sent() -> None:
    with pytest.raises(ContextOverflow, match=r"The source needs about .* Nothing was sent\."):
        plan_run([_HUGE], _MODEL, _OLLAMA, Limits())
    with pytest.raises(ContextOverflow, match=r"“src/Huge\.sol” alone needs"):
        plan_run([_HUGE, contract("Big", 9000)], _MODEL, _OLLAMA, Limits())


def test_a_file_that_may_fit_after_all_is_sent_alone_with_what_room_is_left() -> None:
    tight = contract("Tight", 3500)
    plan = plan_run([_FILES[0], tight, _FILES[1]], _MODEL, _OLLAMA, Limits())
    assert spans(plan) == [["src/A.sol"], ["src/Tight.sol"], ["src/B.sol"]]
    answers = [planned.request.parameters.max_tokens for planned in plan.requests]
    assert [planned.refused for planned in plan.requests] == [None] * 3
    assert answers[1] == plan.header.cells[1].max_tokens == 256
    assert answers[0] == plan.header.parameters.max_tokens > 2000


def test_a_question_is_one_request() -> None:
    ask = FollowUp("ask", "Why?", "F1", "Why?")
    plan = plan_run(_FILES, _MODEL, _OLLAMA, Limits(), None, ask)
    assert [cell.id for cell in plan.header.cells] == ["1.ask"]
    assert len(plan.header.cells[0].spans) == 5


async def test_git_is_part_of_the_header() -> None:
    git = GitState("c" * 40, "main", dirty=False)
    assert plan_run(_FILES, _MODEL, _OLLAMA, Limits(), git=git).header.git == git
    assert (await plan_counted(_FILES, _MODEL, _OLLAMA, Limits())).header.git is None


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    (tmp_path / "A.sol").write_text("contract A {}\n")
    author = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


async def test_git_is_asked_for_an_audit_of_a_folder(repository: Path) -> None:
    files, root = [source_file("A.sol", "contract A {}\n")], str(repository)
    told = (await plan_counted(files, _MODEL, _OLLAMA, Limits(), root=root)).header.git
    assert told is not None
    assert (len(told.commit), told.branch, told.dirty) == (40, "main", False)
    changed = [source_file("A.sol", "contract B {}\n")]
    told = (await plan_counted(changed, _MODEL, _OLLAMA, Limits(), root=root)).header.git
    assert told is not None
    assert told.dirty
    ask = FollowUp("ask", "Why?", "F1", "Why?")
    assert (await plan_counted(files, _MODEL, _OLLAMA, Limits(), ask, root)).header.git is None


async def counted(
    provider: Counting, files: Sequence[SourceFile] = _FILES, limits: Limits | None = None
) -> RunPlan:
    return await plan_counted(files, _MODEL, provider, limits or Limits())


async def test_what_fits_together_is_counted_once() -> None:
    provider = Counting(lambda text: len(text) / 4)
    plan = await counted(provider, _FILES[:2])
    assert len(provider.counted) == 1
    assert plan.requests[0].request.prompt == provider.counted[0].prompt
    assert plan.header.cells[0].counted_input == round(
        len(provider.counted[0].system + provider.counted[0].prompt) / 4
    )


async def test_a_count_puts_more_into_a_part_than_the_estimate() -> None:
    provider = Counting(lambda text: len(text) / 4.8)
    plan = await counted(provider)
    assert spans(plan) == [["src/A.sol", "src/B.sol", "src/C.sol", "src/D.sol"], ["src/E.sol"]]
    # The first part of the estimate, and each part that is sent.
    assert len(provider.counted) == 3
    for planned, asked in zip(plan.requests, provider.counted[1:], strict=True):
        assert asked.prompt == planned.request.prompt
        assert planned.cell.counted_input is not None
        assert planned.cell.counted_input <= _ROOM


async def test_what_the_count_says_to_be_too_long_is_sent_in_parts() -> None:
    dense = Counting(lambda text: len(text) / 1.5)
    plan = await counted(dense, _FILES[:2])
    assert spans(plan) == [["src/A.sol"], ["src/B.sol"]]
    assert [cell.counted_input is not None for cell in plan.header.cells] == [True, True]


async def test_parts_that_are_denser_than_the_first_are_halved() -> None:
    provider = Counting(lambda text: len(text) / (1.5 if "D holds" in text else 3.6))
    plan = await counted(provider)
    assert [path for part in spans(plan) for path in part] == [file.path for file in _FILES]
    for planned in plan.requests:
        cell = planned.cell
        assert planned.refused is None
        assert cell.counted_input is not None
        assert len(cell.spans) == 1 or cell.counted_input <= _ROOM


async def test_a_file_that_the_count_finds_too_long_is_refused_by_its_count() -> None:
    provider = Counting(lambda text: len(text) / (0.5 if "B holds" in text else 3))
    plan = await counted(provider)
    (refused,) = [planned for planned in plan.requests if planned.refused is not None]
    assert [span.path for span in refused.cell.spans] == ["src/B.sol"]
    assert refused.refused is not None
    assert f"needs {refused.cell.counted_input} tokens" in refused.refused.message


async def test_what_surely_does_not_fit_is_not_even_counted() -> None:
    provider = Counting(lambda text: len(text) / 4)
    plan = await counted(provider, [_HUGE, *_FILES])
    assert plan.requests[0].refused is not None
    assert not any("Huge holds" in request.prompt for request in provider.counted)


async def test_a_server_that_stops_counting_leaves_the_estimate() -> None:
    provider = Counting(lambda text: len(text) / 4.8, answers=1)
    plan = await counted(provider)
    assert [path for part in spans(plan) for path in part] == [file.path for file in _FILES]
    assert all(cell.counted_input is None for cell in plan.header.cells[1:])
    assert all(cell.estimated_input <= _ROOM for cell in plan.header.cells)
    silent = Counting(len, answers=0)
    assert spans(await counted(silent)) == spans(plan_run(_FILES, _MODEL, _OLLAMA, Limits()))
    assert len(silent.counted) == 1


@pytest.mark.parametrize(
    ("info", "chooses", "context", "max_tokens", "room"),
    [
        (ModelInfo("m"), True, None, None, None),
        (ModelInfo("m"), True, 8192, None, 6144),
        (ModelInfo("m", context=131072), True, None, None, 122880),
        (ModelInfo("m", context=32768), False, None, None, 24576),
        (ModelInfo("m", context=32768, max_output=4096), False, None, None, 28672),
        (ModelInfo("m", context=8192), True, None, 1000, 7192),
        (ModelInfo("m", context=8192), True, None, 9000, 4096),
        (ModelInfo("m", context=8192), True, 65536, None, 6144),
        (ModelInfo("m", context=8192, practice=True), True, None, None, 7680),
    ],
)
def test_a_part_leaves_room_for_its_answer(
    info: ModelInfo, chooses: bool, context: int | None, max_tokens: int | None, room: int | None
) -> None:
    found = budget.room(info, chooses_context=chooses, context=context, max_tokens=max_tokens)
    assert found == room
