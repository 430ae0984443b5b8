"""The verdict as text: reStructuredText for the report's first page, Markdown for the summary."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

MARKS = {"good": "✓", "caution": "!", "bad": "✗", "unknown": "?"}
LEGEND = "✓ holds, ! take care, ✗ does not hold, ? not known"
PAGES = {
    "explorer": "the explorer, every image with its maps and numbers",
    "summary": "the key numbers",
    "report": "the report, all figures",
}
# Snakemake's page sets the text beside the graph of the rules, and cuts off its top where it is longer than
# the window; so it comes first, and can be scrolled.
STYLE = """.. raw:: html

   <style>
   .h-screen.items-center { align-items: safe center }
   .flex:has(> div > .prose) { flex-direction: column }
   .prose.max-w-lg { max-width: 60rem }
   .prose .verdict { list-style: none; padding: 0 }
   </style>
"""


def first_page(verdict: pd.DataFrame, experiment: str, links: Mapping[str, str]) -> str:
    """The text that opens the report, reStructuredText that rules/captions/report.rst takes in.

    verdict: of `verdict.verdict`; links: page of PAGES -> its file, as the report is to link it.
    """
    title = plain(f"What the experiment {experiment} found")
    lines = [
        f"- {MARKS[row.level]} **{plain(row.topic)}**: {plain(row.text)}" for row in verdict.itertuples()
    ]
    beside = [f"`{plain(file)} <{plain(file)}>`__ ({PAGES[name]})" for name, file in links.items()]
    parts = [f"{title}\n{'=' * len(title)}"]
    parts += [f"Beside this report: {', '.join(beside)}."] if beside else []
    parts += [".. class:: verdict", "\n".join(lines), f"*{plain(LEGEND)}*", STYLE]
    return "\n\n".join(parts)


def plain(text: str) -> str:
    """Text that reStructuredText takes for no more than that."""
    return re.sub(r"([\\*`|_<>\[\]])", r"\\\1", " ".join(text.split()))


def in_markdown(verdict: pd.DataFrame, links: Mapping[str, str]) -> str:
    """The part of `summary.md` that opens it. links: as for `first_page`."""
    lines = [f"- {MARKS[row.level]} **{row.topic}**: {row.text}" for row in verdict.itertuples()]
    beside = [f"- [{file}]({file}): {PAGES[name]}" for name, file in links.items()]
    parts = ["## What this run found", "\n".join(lines), f"*{LEGEND}*"]
    parts += ["Beside this file:", "\n".join(beside)] if beside else []
    return "\n\n".join(parts)
