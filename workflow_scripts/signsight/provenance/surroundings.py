"""What a run happens in: packages, hardware and the checkout; no names of users or machines."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

SOURCES = ("Snakefile", "rules/*.smk", "config/schema.yaml", "workflow_scripts/**/*.py", "envs/*.yaml")
PATIENCE = 20  # seconds that git or nvidia-smi has


def software() -> dict[str, Any]:
    """Versions of Python and of all packages of this environment, by name."""
    found = {one.metadata["Name"]: one.version for one in distributions()}
    return {"python": platform.python_version(), "packages": dict(sorted(found.items(), key=_by_name))}


def _by_name(package: tuple[str, str]) -> str:
    return package[0].lower()


def hardware() -> dict[str, Any]:
    """Operating system, processor, number of cores, memory in bytes, and GPUs with their memory."""
    gpus = _said(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"])
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory": _memory(),
        "gpus": (gpus or "").splitlines(),
    }


def _cpu() -> str:
    """Name of the processor's model, or what Python knows of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def checkout(folder: Path) -> dict[str, Any]:
    """The commit of the project's checkout and whether files differ from it; None where git cannot tell.

    digest: sha256 of the code as it is, by which it can be told without git, too.
    """
    git = ["git", "-C", str(folder)]
    top = _said([*git, "rev-parse", "--show-toplevel"])
    own = top is not None and Path(top).resolve() == folder.resolve()  # not a repository around a copy
    commit = _said([*git, "rev-parse", "HEAD"]) if own else None
    state = _said([*git, "status", "--porcelain", "--untracked-files=no"]) if commit else None
    changes = None if state is None else bool(state)
    return {"commit": commit, "changes": changes, "digest": _code_digest(folder)}


def _said(command: list[str]) -> str | None:
    """What a command puts out; None where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _code_digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for file in sorted(file for pattern in SOURCES for file in folder.glob(pattern)):
        whole.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()
