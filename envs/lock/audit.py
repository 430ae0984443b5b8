"""Looks for known vulnerabilities of all packages of a lock, by pip-audit: `make audit`.

Exit status 1 if there are any. Where the database cannot be reached, one line says so and the status is 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parent / "run.txt"
UNREACHABLE = "audit: PyPI's database of vulnerabilities cannot be reached, so nothing has been audited"


def report(lock: Path) -> list[dict] | None:
    """The packages of a lock as pip-audit tells them; None where it cannot look them up.

    Ends with what pip-audit says where it fails for another reason.
    """
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    done = subprocess.run([*command, "--disable-pip", "--requirement", lock], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        if "requests.exceptions" in done.stderr or "ConnectionError" in done.stderr:
            return None
        sys.exit(done.stderr)
    # what the index does not know is skipped; where it answers nothing, that is all
    return packages if any("vulns" in one for one in packages) else None


def lines(packages: list[dict]) -> list[str]:
    """A line for each vulnerability: package, version, name, versions without it."""
    return [
        f"{one['name']} {one['version']}: {fault['id']}, corrected in "
        f"{', '.join(fault['fix_versions']) or 'no version yet'}"
        for one in packages
        for fault in one.get("vulns", [])
    ]


def main() -> None:
    """Print what is known of the lock."""
    packages = report(LOCK)
    if packages is None:
        print(UNREACHABLE)
        return
    found, skipped = lines(packages), [one["name"] for one in packages if "vulns" not in one]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"audit: {len(packages) - len(skipped)} packages, {len(found)} known vulnerabilities", end="")
    print(f"; not on PyPI: {', '.join(skipped)}" if skipped else "")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
