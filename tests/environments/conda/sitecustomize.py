"""Lies in an environment under test: there, a rule's script finds nothing of Snakemake's own environment.

Snakemake adds its packages to the end of a script's path, since its first lines unpickle the object
`snakemake`. A package that an environment lacks would be found there, and the gap would not be seen. So the
first import of the script itself takes them away: from the path, and from what is loaded. Snakemake's own
modules stay, for the object imports one whenever its params are looked at.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

usual = builtins.__import__


def watched(name: str, *rest: Any) -> ModuleType:
    """An import; before the first one behind Snakemake's lines, all that is not of this environment goes."""
    script = vars(sys.modules["__main__"])
    if "__real_file__" in script:  # the last of Snakemake's lines sets it
        builtins.__import__ = usual
        take_away(Path(script["__file__"]))
    return usual(name, *rest)


def take_away(script: Path) -> None:
    """Leave the standard library, this environment and the project; note that the script has run here."""
    importlib.import_module("snakemake.io")
    kept = (sys.prefix, sys.base_prefix, str(script.parents[1]))
    sys.path[:] = [place for place in sys.path if place.startswith(kept)]
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.partition(".")[0] not in ("__main__", "snakemake") and not file.startswith(kept):
            del sys.modules[name]
    with Path(sys.prefix, "scripts.txt").open("a", encoding="utf-8") as notes:
        notes.write(f"{script}\n")


builtins.__import__ = watched
