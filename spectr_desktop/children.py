"""What a child process may know: the variables of our environment that are nobody's secrets."""

from __future__ import annotations

import os
import re
import sys

# Names of variables that may hold keys or passwords, or that have a model fetched (LLAMA_ARG_HF_…).
_SECRET = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|_PROXY$|^LLAMA_ARG_(?:HF_|MODEL_URL|DOCKER_)"
)


def environment() -> dict[str, str]:
    """For a child that is this program again."""
    return {name: value for name, value in os.environ.items() if not _SECRET.search(name.upper())}


def environment_for_others() -> dict[str, str]:
    """For a program of others."""
    variables = environment()
    if getattr(sys, "frozen", False):
        # A frozen program's own libraries must not get into other programs.
        variables.pop("LD_LIBRARY_PATH", None)
        if original := variables.pop("LD_LIBRARY_PATH_ORIG", ""):
            variables["LD_LIBRARY_PATH"] = original
    return variables
