"""File names for results, safe on every system."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³]) *(?:\..*)?", re.IGNORECASE)
MAX_SOURCE_BYTES = 160
"""A name may have 255 bytes; this leaves room for the stem, the ending and a temporary's suffix."""


def safe(name: str) -> str:
    """Make a name that Linux, macOS and Windows accept, and that keeps what it can of the original.

    Characters that some system forbids become ``_``; the text is composed (NFC), cut to
    `MAX_SOURCE_BYTES` bytes of UTF-8 at a character, and never empty.
    """
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name))
    kept = cleaned.encode()[:MAX_SOURCE_BYTES].decode("utf-8", "ignore").strip().rstrip(". ")
    if not kept:
        return "audio"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def stem_file(source_name: str, stem: str, extension: str) -> str:
    """Give ``<source> - <stem id>.<ext>``."""
    return f"{safe(source_name)} - {stem}.{extension}"
