"""The explorer's page at 60 images by 30 methods: its size, how long it takes to make, to open and to redraw.

OMP_NUM_THREADS=1 PYTHONPATH=workflow_scripts:tests python tests/bench/bench_explorer.py

Goals: at most 15 MB, 1.5 s from the address to all that is drawn, 50 ms for a step of a slider (the median
of all steps, from the event to the frame after it). Needs playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from signsight.explorer.blobs import read_document, write_document
from signsight.explorer.budget import MB, fitted_page
from signsight.explorer.document import document
from synthetic_explorer import large, results

OPENINGS = 5
SLIDERS = [("image", "clip"), ("image&what=cells", "step"), ("image&what=pixels.deletion", "step")]
# All steps of a slider, each as its own event; until the page is drawn and the next frame has come.
STEPS = """async (id) => {
  const field = document.getElementById(`control-${id}`);
  const took = [];
  for (let step = Number(field.min); step <= Math.min(Number(field.max), Number(field.min) + 40); step++) {
    const start = performance.now();
    field.value = step;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    do await new Promise(requestAnimationFrame); while (!document.body.hasAttribute("data-ready"));
    took.push(performance.now() - start);
  }
  return took;
}"""


def opened(browser: Any, file: Path, hash: str = "") -> tuple[Any, float]:
    """A page and the seconds until all was drawn."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(f"{file.as_uri()}#{hash}")
    page.wait_for_selector("body[data-ready]")
    return page, time.perf_counter() - start


def main() -> None:
    """Print all figures."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        plan = results(large(), Path(folder), 80)
        start = time.process_time()
        write_document(plan.explorer.document, document(plan.explorer.given, plan.explorer.facts))
        made = time.process_time() - start
        start = time.process_time()
        text = fitted_page([read_document(plan.explorer.document)], plan.explorer.links, 15)
        print(f"document {made:.1f} CPU s, page {time.process_time() - start:.1f} CPU s")
        file = Path(plan.explorer.page)
        file.write_text(text, encoding="utf-8")
        print(f"size {file.stat().st_size / MB:.2f} MB")
        named = filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
        browser = playwright.chromium.launch(executable_path=next(named, None), args=["--no-sandbox"])
        for view in ("overview", "image"):
            times = [opened(browser, file, f"view={view}")[1] for _ in range(OPENINGS)]
            print(f"opens ({view}): median {statistics.median(times):.2f} s, most {max(times):.2f} s")
        for view, slider in SLIDERS:
            page, _ = opened(browser, file, f"view={view}")
            took = page.evaluate(STEPS, slider)[1:]  # at the first one, arrays are unpacked
            told = f"median {statistics.median(took):.0f} ms, most {max(took):.0f} ms"
            print(f"redraws ({view}, {slider}): {told}")


if __name__ == "__main__":
    main()
