"""The one exception for faults that a user can cause and correct."""

from __future__ import annotations

import re

LONGEST = 400  # letters of a word, as a path is one


class UserError(Exception):
    """A fault in config, data or files; its message is one sentence: what, where, what to do.

    Names of files may have line ends, or what a terminal takes for commands: a message has them as `\\n` and
    `\\x1b`. A value of many letters is cut short.
    """

    def __str__(self) -> str:
        """The message in one line."""
        return re.sub(
            rf"\S{{{LONGEST},}}", lambda word: f"{word[0][: LONGEST // 4]}...", printable(super().__str__())
        )


def printable(text: str) -> str:
    """`text` in one line: letters that cannot be printed are escaped as in Python."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
