"""The explorer's page: template, style, modules, document and blobs in one file that needs no network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from signsight.explorer.assets import PAGE, STYLE, TEMPLATE, page_files
from signsight.explorer.blobs import packed


def render(tree: Mapping[str, Any]) -> str:
    """The page as HTML. tree: the whole document (docs/explorer.md), with arrays and blobs in it."""
    text, blobs = packed(tree)
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(TEMPLATE).render(
        style=Markup((PAGE / STYLE).read_text(encoding="utf-8")),
        modules=modules(),
        document=Markup(text.replace("<", "\\u003c")),
        blobs=[Markup(_base64(blob.data)) for blob in blobs],
    )


def modules() -> list[dict[str, str]]:
    """The JavaScript modules: name, which others import as `#name`, and text as a data URI."""
    files = [file for file in page_files() if file.suffix == ".js"]
    return [
        {"name": file.stem, "href": f"data:text/javascript;base64,{_base64(file.read_bytes())}"}
        for file in files
    ]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
