"""A browser without network for the explorer's page; every error on the console and every request fails."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.made_document import Made, write

NAMES = ("chromium", "chromium-browser", "google-chrome")
Visit = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium: the one on the PATH, else the one that playwright installs; skips without."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    from playwright.sync_api import Error, sync_playwright

    own = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except Error as fault:
            pytest.skip(f"no Chromium: {str(fault).splitlines()[0]}")
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """visit(file, hash="", **context): a page that is drawn; fails in the end on any error or request."""
    contexts, faults = [], []

    def open_page(file: Path, hash: str = "", **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "offline": True} | options
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: _judge(request.url, file, faults))
        page.goto(f"{file.as_uri()}#{hash}")
        return settled(page)

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def settled(page: Any) -> Any:
    """The page once all is drawn."""
    page.wait_for_selector("body[data-ready]")
    return page


@pytest.fixture(scope="session")
def document() -> Made:
    """A document with everything in it."""
    return Made()


@pytest.fixture(scope="session")
def made(document: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that document."""
    return write(document.tree, tmp_path_factory.mktemp("explorer") / "explorer.html")


def _judge(url: str, file: Path, faults: list[str]) -> None:
    if not url.startswith(("data:", "blob:")) and url.split("#")[0] != file.as_uri():
        faults.append(f"request of {url}")
