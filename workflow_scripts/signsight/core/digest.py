"""Digest of the code that a job depends on, so that editing it reruns just the jobs that use it.

Snakemake sees a rule's script but not what the script imports.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
# What cannot change a result: wording of errors and messages, logs, names, this file.
NEUTRAL = {f"core/{name}.py" for name in ("errors", "words", "job", "registry", "digest")}


def code_digest(*files: str | Path) -> str:
    """Hex digest of package files (relative to the package) and of all package files they import.

    Comments, docstrings and layout do not count: only a change of the code does.
    """
    found: set[Path] = set()
    for file in files:
        _collect(Path(file), found)
    whole = hashlib.sha256()
    for file in sorted(found):
        whole.update(str(file).encode() + _code(file).encode())
    return whole.hexdigest()[:16]


def _collect(file: Path, found: set[Path]) -> None:
    if file in found or str(file) in NEUTRAL:
        return
    found.add(file)
    for imported in _imports(file):
        _collect(imported, found)


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text(encoding="utf-8"))


@cache
def _imports(file: Path) -> tuple[Path, ...]:
    """Package files that `file` imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("signsight"):
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names if alias.name.startswith("signsight."))
    paths = (Path(*name.split(".")[1:]).with_suffix(".py") for name in names if "." in name)
    return tuple(sorted(path for path in paths if (PACKAGE / path).is_file()))


@cache
def _code(file: Path) -> str:
    tree = _tree(file)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = body[1:]
    return ast.dump(tree)
