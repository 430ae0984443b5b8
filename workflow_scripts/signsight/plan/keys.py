"""Keys that name what a cached file depends on."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def key_of(*parts: Any) -> str:
    """Eight hex digits that name what a cached file depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]
