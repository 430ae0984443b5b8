"""`data.source`: what it stands for, and checks of it that need no job."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from signsight.core.errors import UserError
from signsight.core.registry import data_sets
from signsight.data.dataset import facts
from signsight.data.listing import contents


def is_address(source: str) -> bool:
    """Whether a source is an http(s) address."""
    return re.match(r"https?://", source, re.IGNORECASE) is not None


def local_folder(source: str) -> Path:
    """The folder of a source that is a path or a `file:` URL. UserError for another kind of URL."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", source)
    if scheme is None:
        return Path(source).expanduser()
    if scheme[1].lower() != "file":
        raise UserError(
            f"Config key 'data.source' is a {scheme[1]}: address; use https:, http:, file: or a folder."
        )
    return Path(url2pathname(urlsplit(source).path))


def refuse_credentials(address: str, key: str) -> None:
    """UserError for an address with a password or a token, which metadata and logs would show.

    key: its config key. Nothing secret is in the message.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UserError(f"Config key {key!r} is an address that cannot be read; correct it.") from None
    if not parts.hostname:
        raise UserError(f"Config key {key!r} is an address without a server; correct it.")
    if parts.query or parts.fragment:
        raise UserError(
            f"Config key {key!r} is an address of {parts.hostname} with a query ('?...'), which logs and "
            "metadata would show; remove it, or download the file yourself and name it here."
        )
    if parts.username or parts.password:
        raise UserError(
            f"Config key {key!r} is an address of {parts.hostname} with a user name or password, which "
            "logs and metadata would show; remove it and write it to ~/.netrc."
        )


def reads_folder(name: str, source: str | None) -> bool:
    """Whether the data set `name` reads its pictures in the folder `source`, and no archives."""
    about = facts(name)
    if about["source"] == "folder":
        return True
    if about["source"] == "none" or source is None or is_address(source):
        return False
    folder = local_folder(source)
    return not _there(folder, about["archives"]) and bool(_there(folder, about["unpacked"]))


def check_source(name: str, source: str | None) -> None:
    """UserError unless `source` is what the data set `name` takes, and is there where it is local."""
    kind, server, archives = (facts(name)[fact] for fact in ("source", "server", "archives"))
    if kind == "none" and source is not None:
        raise UserError(
            f"Config key 'data.source' is {source!r}, but data.name {name!r} takes no source; name the data "
            "set that it is for (`folder` for your own pictures) or remove it."
        )
    if kind != "none" and not (source or server):
        raise UserError(
            f"Config key 'data.source' is missing: data.name {name!r} reads its pictures there; name it."
        )
    if source is None:
        return
    if is_address(source):
        refuse_credentials(source, "data.source")
        if kind == "archives":
            return
        raise UserError(
            f"Config key 'data.source' is an address, but data.name {name!r} reads a folder; download the "
            "pictures and name their folder."
        )
    folder = local_folder(source)
    if not folder.is_dir():
        reason = "is not a folder" if folder.exists() else "does not exist"
        raise UserError(f"Config key 'data.source': {folder} {reason}; correct its path.")
    if name == "folder":
        _refuse_known_sets(folder)
    lacking = set(archives) - set(_there(folder, archives))
    if lacking and not reads_folder(name, source):
        found = _listed(path.name for path in contents(folder))
        raise UserError(
            f"Config key 'data.source': {folder} lacks {_listed(lacking)}, needed by {name!r} (it has "
            f"{found}); correct the path or put the archives there."
        )


def _refuse_known_sets(folder: Path) -> None:
    """UserError for class folders that are a known set as others unpack it, with tables that would be "
    "ignored."""
    for name in data_sets.names():
        told = [one for one in _there(folder, facts(name)["unpacked"]) if re.search(r"\W|_", one)]
        if told and not (folder / "train").is_dir():
            raise UserError(
                f"Config key 'data.name' is 'folder', but {folder} has {told[0]} as "
                f"{facts(name)['label']} has; "
                f"set 'data.name: {name}'."
            )


def _there(folder: Path, names: Iterable[str]) -> list[str]:
    return [name for name in names if (folder / name).exists()]


def _listed(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "") if listed else "nothing"
