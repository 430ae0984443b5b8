"""The stages of the workflow: the rules of every .smk file, and what flows between them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

RULES = Path(__file__).parents[3] / "rules"
# A rule by its name. One that is made for each of several things has a `name:`, which may be that of a group.
RULE = re.compile(
    r"^[ \t]*rule\s*(?P<name>\w*)\s*:(?:\s*#.*)*"
    r"(?:\s*name:\s*group\.rule\(\"(?P<of_groups>\w+)\"\))?",
    re.MULTILINE,
)
UNNAMED = "each figure"  # the rules of declared figures have no name in the text
LEFT_OUT = ("common", "developer")  # no stages of a run


class Stage(NamedTuple):
    """A .smk file: its place in the picture, and the stage that it takes from, with what that hands on."""

    row: int
    column: int
    before: str | None = None
    taken: str = ""


# Where the stages stand; one that is not there yet is left out.
STAGES = {
    "data": Stage(0, 0),
    "models": Stage(0, 1, "data", "image sets"),
    "attribution": Stage(0, 2, "models", "model"),
    "perturbation": Stage(0, 3, "attribution", "maps"),
    "evaluation": Stage(0, 4, "perturbation", "image sets"),
    "figures": Stage(0, 5, "evaluation", "scores"),
    "features": Stage(1, 0, "models", "model"),
    "gallery": Stage(1, 1, "models", "model"),
    "detection": Stage(1, 2, "models", "model"),
    "compare": Stage(1, 5, "evaluation", "scores"),
    "explorer": Stage(1, 4, "evaluation", "scores"),
}


def rules() -> dict[str, list[str]]:
    """Name of a .smk file -> its rules, in their order."""
    files = sorted(RULES.glob("*.smk"))
    return {file.stem: rules_of(file.read_text(encoding="utf-8")) for file in files}


def rules_of(text: str) -> list[str]:
    """The names of the rules of a file, each once."""
    found = (rule["name"] or rule["of_groups"] or UNNAMED for rule in RULE.finditer(text))
    return list(dict.fromkeys(found))


def stages() -> dict[str, list[str]]:
    """The stages that there are, in the order of STAGES -> their rules. KeyError for one without a place."""
    found = {name: own for name, own in rules().items() if name not in LEFT_OUT and own}
    unplaced = set(found) - set(STAGES)
    if unplaced:
        raise KeyError(f"give {', '.join(sorted(unplaced))} a place in docs/stages.py")
    return {name: found[name] for name in STAGES if name in found}
