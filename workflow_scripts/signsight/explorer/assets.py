"""The files that the explorer's page is made of, besides its data; importing this is quick."""

from __future__ import annotations

import hashlib
from pathlib import Path

PAGE = Path(__file__).parent / "page"
TEMPLATE, STYLE = "explorer.html.j2", "style.css"


def page_files() -> list[Path]:
    """Template, style and JavaScript modules."""
    return [PAGE / TEMPLATE, *sorted(PAGE.glob("*.css")), *sorted(PAGE.glob("*.js"))]


def page_digest() -> str:
    """A digest of these files."""
    whole = hashlib.sha256()
    for file in page_files():
        whole.update(file.name.encode() + file.read_bytes())
    return whole.hexdigest()[:16]
