"""What every job needs around its work: log, threads, device, and errors in one sentence."""

from __future__ import annotations

import ctypes
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from signsight.core.disk import refused
from signsight.core.errors import UserError, printable
from signsight.core.registry import use_plugins
from signsight.core.storage import name_local_copies

if TYPE_CHECKING:
    import torch

log = logging.getLogger("signsight")

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt, malloc.h


class OneLine(logging.Formatter):
    """Messages in one line each, whatever names of files they have; tracebacks follow as they are."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line of a message."""
        record.message = printable(record.message)
        return super().formatMessage(record)


class LogFile(logging.FileHandler):
    """The log of a job; a line that the disk does not take is said on the console instead."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Only errors: the console stays calm."""
        if record.levelno >= logging.ERROR:
            print(self.format(record), file=sys.stderr)


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run the body of a rule's script: log to the rule's log file, not to the console, and end at a fault.

    The status is then 1. Of a UserError, a fault of the disk or a lack of memory the log has one sentence,
    of any other exception the traceback, because it is a fault of this program; `core.console` says on the
    console what it was.
    """
    _log_to(str(snakemake.log[0]) if snakemake.log else None)
    start = time.perf_counter()
    try:
        if named := getattr(snakemake, "config", {}).get("plugins"):
            use_plugins(named)
        name_local_copies(snakemake)
        yield
    except UserError as fault:
        log.error("Error in rule %s: %s", snakemake.rule, fault)
        sys.exit(1)
    except KeyboardInterrupt:
        log.error("Error in rule %s: stopped by the user.", snakemake.rule)
        sys.exit(1)
    except MemoryError:
        log.error(
            "Error in rule %s: it ran out of memory; run fewer jobs at once (--cores 1), or where there is "
            "more.",
            snakemake.rule,
        )
        sys.exit(1)
    except Exception as fault:
        if told := refused(fault):
            log.error("Error in rule %s: %s", snakemake.rule, told)
        else:
            log.exception("rule %s failed", snakemake.rule)
        sys.exit(1)
    log.info("%s done in %.1f s", snakemake.rule, time.perf_counter() - start)


def _log_to(file: str | None) -> None:
    """Write the log to a file, or to the console where there is none or it cannot be written."""
    try:
        handler = LogFile(file, mode="w", encoding="utf-8") if file else logging.StreamHandler()
    except OSError:  # the job itself will say what is wrong with the disk, if it has to write there, too
        handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def keep_freed_memory() -> None:
    """Have glibc keep blocks up to 32 MB that are freed, instead of giving each back to the system.

    A forward pass on the CPU frees and asks for the same buffers again in every batch; getting each
    back page by page costs a third of the time (measured: 366 to 610 images/s with `compact`).
    """
    try:
        library = ctypes.CDLL("libc.so.6")
        library.mallopt(M_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(M_TRIM_THRESHOLD, 512 << 20)
    except (OSError, AttributeError):
        log.info("no glibc here: its memory settings are left alone")


def torch_device(name: str, threads: int) -> torch.device:
    """The torch device for `name` ("auto", "cpu", "cuda", "cuda:1", "mps"), and `threads` for the CPU.

    "auto" takes CUDA, then MPS, then the CPU. UserError when the named device is not there.
    """
    import torch

    keep_freed_memory()
    torch.set_num_threads(max(threads, 1))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = name.partition(":")
    there = {
        "cpu": True,
        "cuda": int(number or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(kind, False):
        raise UserError(f"device: {name!r} is not available on this machine; use 'auto' or 'cpu'.")
    log.info("device %s, %d threads", name, threads)
    return torch.device(name)
