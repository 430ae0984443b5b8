"""All pages and pictures that are made from declarations: `python -m signsight.docs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from signsight.core.files import write_text
from signsight.docs import architecture, config, methods, metrics, picture, things

ROOT = Path(__file__).parents[3]
PAGES: dict[str, Callable[[], str]] = {
    "config/README.md": config.page,
    "docs/methods.md": methods.page,
    "docs/metrics.md": metrics.page,
    "docs/things.md": things.page,
    "docs/architecture.md": architecture.page,
    "docs/figures/architecture.svg": picture.svg,
}


def main() -> None:
    """Write every page."""
    for place, page in PAGES.items():
        write_text(ROOT / place, page())


if __name__ == "__main__":
    main()
