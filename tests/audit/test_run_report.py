from __future__ import annotations

from spectr_desktop.audit import compose, recovery
from spectr_desktop.audit.run_report import RunReport
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.store import stored_runs
from tests.part_samples import MODEL, REPORTS, ended, planned

_PROVIDER = compose.connect(ServerConfig("ollama", "http://127.0.0.1:9"))


async def test_an_ended_run_is_shown_as_it_was_while_it_went_on() -> None:
    plan = planned()
    live = RunReport()
    live.go_on(plan.header)
    assert live.text == ""
    shown = [live.add(cell, piece) for cell, text in REPORTS.items() for piece in text.split(" ")]
    assert live.text == "".join(shown)
    texts = {cell: text.replace(" ", "") for cell, text in REPORTS.items()}
    opened = RunReport([stored_runs.read_run(await ended(plan, texts))])
    assert opened.text == live.text
    assert opened.starts == live.starts
    for (run, cell), start in opened.starts.items():
        assert run == plan.header.id
        assert opened.text[start:].startswith(texts[cell])


async def test_places_in_a_chain_are_those_of_each_answer() -> None:
    broken = {**REPORTS, "2.quick": "Half a"}
    first = stored_runs.read_run(await ended(planned(), broken, cut="2.quick"))
    again = recovery.plan_missing(first, MODEL, _PROVIDER)
    live = RunReport([first])
    live.go_on(again.header)
    # It was not the last text: what follows says of which part it is a new answer.
    assert live.text.rstrip().endswith(f"asked for at {again.header.created_at}.")
    assert live.text.count("Part 2 of 3: src/B.sol") == 2
    answer = REPORTS["2.quick"]
    live.add("2.quick", answer)
    assert live.text[live.starts[again.header.id, "2.quick"] :] == answer
    last = stored_runs.read_run(await ended(again, {"2.quick": answer}))
    opened = RunReport(recovery.chain(last))
    assert opened.text.count("interrupted here") == 1
    for report in (live, opened):
        wanted = {(first.id, cell): text for cell, text in broken.items()}
        wanted[last.id, "2.quick"] = answer
        assert {*report.starts} == {*wanted}
        for key, text in wanted.items():
            assert report.text[report.starts[key] :].startswith(text)


async def test_the_last_text_goes_on_behind_a_seam() -> None:
    broken = {**REPORTS, "3.quick": "Half a"}
    first = stored_runs.read_run(await ended(planned(), broken, cut="3.quick"))
    again = recovery.plan_missing(first, MODEL, _PROVIDER)
    live = RunReport([first])
    live.go_on(again.header)
    live.add("3.quick", "Words")
    opened = RunReport([first, stored_runs.read_run(await ended(again, {"3.quick": "Words"}))])
    assert "interrupted here" in live.text
    assert (opened.text, opened.starts) == (live.text, live.starts)
