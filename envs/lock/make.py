"""Makes the hashed locks of this folder and the pinned environments of envs/ from pyproject.toml.

Run by `make lock` with uv on the path; never needed to use the workflow.
"""

import re
import subprocess
from pathlib import Path

LOCKS = Path(__file__).parent
ROOT = LOCKS.parent.parent
COMPILE = "uv pip compile --quiet --universal --no-header"
PYTHON = "3.11"  # the oldest that the locks are for
ABOUT = {
    "data": "numpy, pandas, pillow and matplotlib: every rule that does not need torch",
    "torch": "torch and all of envs/data.yaml: training, attribution, scoring",
}


def compile_group(group: str, *options: str) -> str:
    """The resolved requirements of a dependency group of pyproject.toml."""
    command = [
        *COMPILE.split(),
        "--python-version",
        PYTHON,
        "--group",
        f"{ROOT / 'pyproject.toml'}:{group}",
        *options,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def write_lock(group: str, *options: str) -> None:
    """Write envs/lock/<group>.txt: pins and hashes, no addresses. Pins that are there stay where they can."""
    kept = ["--output-file", str((LOCKS / f"{group}.txt").relative_to(ROOT))]
    compile_group(group, "--generate-hashes", *options, *kept)


def write_environment(group: str) -> None:
    """Write envs/<group>.yaml: the pins of the lock `run` that this group needs."""
    pins = compile_group(group, "--no-annotate", "--constraints", str(LOCKS / "run.txt"))
    lines = [re.sub(r'"', "'", line) for line in pins.splitlines() if "==" in line]
    listed = "".join(f'      - "{line}"\n' for line in lines)
    head = f"# {ABOUT[group]} (made by `make lock`)\nname: signsight-{group}\n"
    base = "channels:\n  - conda-forge\ndependencies:\n  - python=3.12.12\n  - pip=25.3\n  - pip:\n"
    (ROOT / f"envs/{group}.yaml").write_text(head + base + listed)


if __name__ == "__main__":
    write_lock("run")
    write_lock("dev", "--constraints", str(LOCKS / "run.txt"))
    write_lock("oracles", "--constraints", str(LOCKS / "run.txt"), "--constraints", str(LOCKS / "dev.txt"))
    for apart in ("bootstrap", "audit", "storage"):
        write_lock(apart)
    for environment in ABOUT:
        write_environment(environment)
