from __future__ import annotations

import re

import pytest

from spectr_desktop.audit import prompts
from spectr_desktop.audit.plan import Limits, new_run_id, plan_run, utc_now
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.codec import from_json, to_json
from spectr_desktop.records.run import Header
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig
from spectr_desktop.records.source import Span, source_file

_OLLAMA = Ollama(ServerConfig("ollama"), lambda: None)
_MODEL = ModelInfo("m", context=8192)
_VAULT = source_file("Vault.sol", "contract Vault {}\n// the end")


def test_one_request_holds_all_files_and_its_header_describes_it() -> None:
    other = source_file("lib/Other.sol", "contract Other {}\n")
    made = plan_run([_VAULT, other], _MODEL, _OLLAMA, Limits(max_tokens=99))
    (planned,) = made.requests
    header = made.header
    assert header.cells == (planned.cell,)
    assert planned.cell.spans == (Span("Vault.sol", 1, 2), Span("lib/Other.sol", 1, 1))
    assert (header.files, header.title) == ((_VAULT, other), "Vault.sol and 1 more")
    assert (header.provider, header.base_url) == ("ollama", "http://127.0.0.1:11434")
    assert (header.locality, header.model) == (Locality.LOCAL, _MODEL)
    assert planned.request.parameters == header.parameters
    assert (planned.request.model, header.parameters.max_tokens) == ("m", 99)
    assert _VAULT.text in planned.request.prompt
    assert other.text in planned.request.prompt
    sent = prompts.Composed(planned.request.system, planned.request.prompt)
    assert planned.cell.prompt_sha256 == sent.sha256
    assert header.prompt_versions == {"quick": prompts.prompt("quick").version}
    assert from_json(Header, to_json(header)) == header


def test_the_context_is_chosen_only_where_the_server_takes_one() -> None:
    served = OpenAICompatible(ServerConfig("openai"), lambda: None)
    assert plan_run([_VAULT], _MODEL, served, Limits()).header.parameters.context is None
    assert plan_run([_VAULT], _MODEL, _OLLAMA, Limits()).header.parameters.context == 8192
    asked = plan_run([_VAULT], _MODEL, _OLLAMA, Limits(context=4096)).header.parameters
    assert asked.context == 4096


def test_the_header_names_the_own_prompt_that_was_sent() -> None:
    made = prompts.add_own("quick", "Mine.", "Look at {{title}}: {{source}}")
    chosen = Limits(prompt_versions={"quick": made, "ask": "1"})
    plan = plan_run([_VAULT], _MODEL, _OLLAMA, chosen)
    assert plan.header.prompt_versions == {"quick": "own-1"}
    request = plan.requests[0].request
    assert (request.system, request.prompt[:18]) == ("Mine.", "Look at Vault.sol:")
    with pytest.raises(SpectrError) as caught:
        plan_run([_VAULT], _MODEL, _OLLAMA, Limits(prompt_versions={"quick": "own-9"}))
    assert caught.value.code == "prompt_missing"


@pytest.mark.parametrize("texts", [[], [""], [" \n\t\u2028", ""]])
def test_without_a_source_there_is_nothing_to_audit(texts: list[str]) -> None:
    files = [source_file(f"{number}.sol", text) for number, text in enumerate(texts)]
    with pytest.raises(SpectrError) as caught:
        plan_run(files, _MODEL, _OLLAMA, Limits())
    assert caught.value.code == "nothing_to_audit"


def test_empty_files_are_not_sent_beside_others() -> None:
    made = plan_run([source_file("empty.sol", ""), _VAULT], _MODEL, _OLLAMA, Limits())
    assert made.header.files == (_VAULT,)
    assert made.header.title == "Vault.sol"


def test_runs_are_named_by_time_and_never_alike() -> None:
    names = {new_run_id() for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", name) for name in names)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc_now())
