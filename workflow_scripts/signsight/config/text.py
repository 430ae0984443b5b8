"""A config file as text: what Snakemake's reader takes without a word, or refuses without file and line."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from signsight.core.errors import UserError

LARGEST = 1_000_000  # bytes
MOST_VALUES = 100_000  # in a file whose aliases are written out
DEEPEST = 30  # levels
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
PLAIN = "tag:yaml.org,2002:"
KNOWN = {PLAIN + kind for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}


def check_command_line(arguments: Sequence[str]) -> None:
    """End the process with a sentence and status 1 if a config that Snakemake is told of is faulty.

    Snakemake reads them before the Snakefile; the profiles call this before that.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    parser.add_argument("--config", "-C", nargs="*", default=[])
    given = parser.parse_known_args(arguments)[0]
    named = given.configfile
    try:
        for entry in given.config:
            _check_entry(entry)
        for number, file in enumerate(named):
            if number and not Path(file).suffix and not Path(file).exists():
                raise UserError(
                    f"'--configfile {named[0]} {file}' names {file!r} as a second config file, which does "
                    f"not exist; a target comes before: 'snakemake {file} --configfile {named[0]}'."
                )
            check_config_file(file)
    except UserError as fault:
        print(fault, file=sys.stderr)
        sys.exit(1)


def check_config_file(file: Path | str) -> None:
    """UserError unless `file` is a table in YAML or JSON that means one thing.

    Refused: what cannot be read, another encoding than UTF-8, a syntax error (with its line), several
    documents, keys that are there twice, tags of Python, code of YTE, and what is large only when its
    aliases are written out.
    """
    where = f"The config file {file}"
    text = _text(Path(file), where)
    if not _is_json(text, where):
        try:
            _check_events(text, where)
            told = yaml.load(text, Loader)
        except yaml.YAMLError as fault:
            if "nesting depth" in str(fault):  # of libyaml itself, since PyYAML 6.0.4
                raise UserError(
                    f"{where} is nested too deeply; a config has few levels and values."
                ) from None
            raise UserError(f"{where} is not valid YAML: {_place(fault, text)}.") from None
        except ValueError as fault:  # a date or a number that is none
            raise UserError(
                f"{where} has a value that cannot be read ({_reason(fault)}); correct it."
            ) from None
        if told is None:
            raise UserError(f"{where} sets no key; write {{}} to take all defaults, or leave it out.")
        if not isinstance(told, dict):
            raise UserError(f"{where} holds no keys with values; write lines such as 'experiment: mine'.")
        if "__use_yte__" in told:
            raise UserError(
                f"{where} has the key '__use_yte__', by which Snakemake runs code in it; write values alone."
            )


def _check_entry(entry: str) -> None:
    """UserError for an entry of `--config` that Snakemake cannot read, or reads in another way than meant."""
    key, sign, value = entry.partition("=")
    if not sign:
        raise UserError(f"'--config {key}' gives no value; write --config seed=3, without spaces at '='.")
    if not re.fullmatch(r"[A-Za-z_]\w*", key):
        raise UserError(
            f"'--config {key}=...' names no key of the first level; write --config data='{{size: 32}}' for a "
            "key in a group."
        )
    where = f"The value of '--config {key}'"
    try:
        _check_events(value, where)
    except yaml.YAMLError:  # text, unless it was to be a table or list
        if value.lstrip().startswith(("{", "[")):
            raise UserError(f"{where} is not valid YAML; see to its brackets and quotes.") from None


def _text(path: Path, where: str) -> str:
    try:
        if path.is_dir():
            raise UserError(f"{where} is a folder; name a file.")
        if path.exists() and not path.is_file():
            raise UserError(f"{where} is not a regular file; copy what it gives to one.")
        if path.stat().st_size > LARGEST:
            raise UserError(
                f"{where} has {path.stat().st_size:,} bytes; correct the path, a config is small."
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{where} does not exist; correct the path.") from None
    except OSError as fault:
        raise UserError(f"{where} cannot be read ({fault.strerror}); correct path or permissions.") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise UserError(f"{where} is not UTF-8 text (line {line}); save it as UTF-8.") from None


def _is_json(text: str, where: str) -> bool:
    """Whether the text is JSON, which Snakemake tries first. UserError for a key that is there twice."""

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, _ in pairs:
            if [one for one, _ in pairs].count(key) > 1:
                raise UserError(f"{where} has the key {key!r} twice; remove one.")
        return dict(pairs)

    try:
        told = json.loads(text, object_pairs_hook=table)
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict):
        raise UserError(f"{where} holds no keys with values; write lines such as 'experiment: mine'.")
    return True


def _check_events(text: str, where: str) -> None:
    """UserError for what the events of the parser show; nothing is made of them."""
    stack: list[_Level] = []
    sizes: dict[str, int] = {}
    documents = values = 0
    for event in yaml.parse(text, Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UserError(f"{where} holds a second document (line {line}); remove the line '---'.")
        if not isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            ended = stack.pop()
            if ended.anchor:
                sizes[ended.anchor] = values - ended.start
            continue
        if (tag := getattr(event, "tag", None)) and tag not in KNOWN and tag != "!":
            raise UserError(f"{where} has the tag {_short(tag)} in line {line}; write the value alone.")
        if isinstance(event, yaml.AliasEvent) and event.anchor not in sizes:
            known = any(level.anchor == event.anchor for level in stack)
            reason = "contains itself" if known else "is not defined before"
            raise UserError(f"{where}: the alias *{event.anchor} in line {line} {reason}; write the value.")
        values += sizes[event.anchor] if isinstance(event, yaml.AliasEvent) else 1
        if stack:
            _enter(stack, event, where)
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append(_Level(isinstance(event, yaml.MappingStartEvent), event.anchor, values - 1))
        elif event.anchor and isinstance(event, yaml.ScalarEvent):
            sizes[event.anchor] = 1
        if len(stack) > DEEPEST or values > MOST_VALUES:
            what = "is nested too deeply" if len(stack) > DEEPEST else "becomes too large by its aliases"
            raise UserError(f"{where} {what} (line {line}); a config has few levels and values.")


class _Level:
    """A table or list whose end has not come: its keys, and whether the last one waits for its value."""

    def __init__(self, is_table: bool, anchor: str | None, start: int) -> None:
        self.is_table, self.anchor, self.start = is_table, anchor, start
        self.keys: dict[str, int] = {}
        self.key, self.waits = "", False


def _enter(stack: list[_Level], event: yaml.NodeEvent, where: str) -> None:
    """Note a key or value of the innermost level. UserError for a key that is there twice, or no text."""
    level, line = stack[-1], event.start_mark.line + 1
    if not level.is_table:
        return
    level.waits = not level.waits
    if not level.waits:
        return
    if not isinstance(event, yaml.ScalarEvent):
        raise UserError(f"{where} has a key in line {line} that is no text; write one such as 'seed:'.")
    level.key = event.value
    if event.value == "<<":
        return
    if event.value in level.keys:
        path = ".".join([one.key for one in stack if one.key])
        raise UserError(
            f"{where} has the key {path!r} twice, in lines {level.keys[event.value]} and {line}; remove one."
        )
    level.keys[event.value] = line


def _place(fault: yaml.YAMLError, text: str) -> str:
    """Line and reason of a syntax error, and what to do."""
    mark = getattr(fault, "problem_mark", None)
    if mark is None:  # a character that is not allowed
        place = getattr(fault, "position", 0)
        return f"line {text.count(chr(10), 0, place) + 1} has a control character; remove it"
    lines: Iterable[str] = text.splitlines()
    line = [*lines, ""][min(mark.line, len(text.splitlines()))]
    if "\t" in line[: len(line) - len(line.lstrip())] or "\\t" in str(getattr(fault, "problem", "")):
        return f"line {mark.line + 1} is indented with a tab; use spaces"
    reason = (getattr(fault, "problem", None) or "it cannot be read").rstrip(".")
    return f"line {mark.line + 1}, column {mark.column + 1}: {reason}; correct it"


def _reason(fault: ValueError) -> str:
    return "a number of thousands of digits" if "digits" in str(fault) else str(fault)


def _short(tag: str) -> str:
    return tag.replace(PLAIN, "!!")[:60]
