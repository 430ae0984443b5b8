"""Says which pins of pyproject.toml are not the newest that work together, and what holds others back.

Run by `make newest` with uv on the path. Exit status 1 if a pin can be raised: do so, then `make lock`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from make import COMPILE, PYTHON, ROOT

# What is installed together; every other group is part of these.
TOGETHER = ("oracles", "storage", "audit", "bootstrap")
NEWEST_PYTHON = "3.14"  # a version that needs a newer Python than the project's floor is told, too
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)


def pins(group: str) -> dict[str, str]:
    """Package -> pinned version of a group of pyproject.toml and of those that it includes."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    found: dict[str, str] = {}
    for one in groups[group]:
        if isinstance(one, dict):
            found |= pins(one["include-group"])
        elif pin := PIN.match(one):
            found[pin[1]] = pin[2]
    return found


def resolve(requirements: Iterable[str], *options: str, python: str = PYTHON) -> tuple[dict[str, str], str]:
    """Package -> version that uv takes for these requirements, and why it finds none."""
    chosen = ["--python-version", python, "--no-annotate", "--fork-strategy", "fewest", *options]
    command = [*COMPILE.split(), *chosen, "-"]
    done = subprocess.run(command, input="\n".join(requirements), capture_output=True, text=True, cwd=ROOT)
    return dict(PIN.findall(done.stdout)), " ".join(done.stderr.split())


def reason(package: str, version: str, others: Iterable[str]) -> str:
    """The resolver's words for why this version does not go with the others."""
    found, said = resolve([*others, f"{package}=={version}"])
    if found:
        return "it goes with them, at the price of an older version of another package"
    because = re.search(r"Because .*?(?=, we can conclude|\.? hint:|$)", said)
    return because[0] if because else said


def table(group: str) -> list[tuple[str, str, str, str]]:
    """(package, pinned, newest, what holds it back or what to do) of all pins that are not the newest."""
    pinned = pins(group)
    together, said = resolve(pinned)
    if not together:
        sys.exit(f"newest: uv cannot look up the packages: {said}")
    newest, _ = resolve(pinned, "--no-deps", python=NEWEST_PYTHON)
    behind = [name for name in pinned if pinned[name] != newest[name]]

    def row(name: str) -> tuple[str, str, str, str]:
        if together[name] != pinned[name]:
            return name, pinned[name], newest[name], f"raise it to {together[name]}"
        return name, pinned[name], newest[name], reason(name, newest[name], pinned.keys() - {name})

    with ThreadPoolExecutor(2) as two:
        return list(two.map(row, behind))


if __name__ == "__main__":
    rows = dict.fromkeys(row for group in TOGETHER for row in table(group))
    count = len({name for group in TOGETHER for name in pins(group)})
    print(f"{count - len(rows)} of {count} pins are the newest version there is.")
    for name, pinned, latest, why in rows:
        print(f"{name:32}{pinned:14}{latest:14}{why}")
    sys.exit(any(why.startswith("raise it") for *_, why in rows))
