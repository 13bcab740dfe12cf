from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.report.export.fixes import fix_markdown
from spectr_desktop.report.inlines import MARKDOWN

_QUOTE = "    uint256 x = balances[a];\n    send(x);\n    balances[a] = 0;"
_FIX = "uint256 x = balances[a];\nbalances[a] = 0;\nsend(x);"


def test_changed_code_is_a_difference() -> None:
    assert fix_markdown(f"```solidity\n{_FIX}\n```", _QUOTE) == (
        "```diff\n uint256 x = balances[a];\n+balances[a] = 0;\n send(x);\n-balances[a] = 0;\n```"
    )


def test_what_is_a_difference_stays_one() -> None:
    diff = "@@ -1 +1 @@\n-a();\n+b();\n c();"
    assert fix_markdown(f"```solidity\n{diff}\n```", "") == f"```diff\n{diff}\n```"


@pytest.mark.parametrize(
    ("fix", "quote"),
    [
        ("```solidity\nrequire(ok);\n```", _QUOTE),  # mends another place
        (f"```solidity\n{_FIX}\n```", ""),
        (f"```solidity\n{_QUOTE}\n```", _QUOTE),  # nothing is changed
        ("```solidity\n" + "a();\n" * 300 + "```", "a();\n" * 300),
    ],
)
def test_other_code_stays_as_it_is(fix: str, quote: str) -> None:
    shown = fix_markdown(fix, quote)
    assert shown.startswith("```solidity\n")
    assert shown.split("\n")[1:-1] == fix.strip().split("\n")[1:-1]


def test_words_stay_words() -> None:
    assert fix_markdown("Use **SafeERC20**.", _QUOTE) == "Use **SafeERC20**."
    both = fix_markdown(f"First:\n\n```\n{_FIX}\n```", _QUOTE)
    assert both.startswith("First:\n\n```\n")


def test_far_changes_stand_apart() -> None:
    old = [f"line{n}();" for n in range(30)]
    new = ["first();", *old[1:-1], "last();"]
    shown = fix_markdown("```\n" + "\n".join(new) + "\n```", "\n".join(old))
    assert shown.count("\n…\n") == 1
    assert "-line0();\n+first();" in shown


@given(st.text(alphabet="`~+-@ \nab#", max_size=40), st.text(alphabet="`~ \nab", max_size=40))
def test_nothing_in_code_ends_it(fix: str, quote: str) -> None:
    shown = fix_markdown(f"    {fix}", quote)
    *_, last = MARKDOWN.parse(f"{shown}\n\nThe end\n")[-3:]
    assert last.type == "paragraph_close"
