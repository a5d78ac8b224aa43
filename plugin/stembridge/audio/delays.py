"""Known codec delays: the one table of how many frames late audio comes back from a lossy codec."""

from __future__ import annotations

from collections.abc import Mapping

CODEC_DELAYS: Mapping[int, str] = {
    528: "an MP3 decoder's own delay, less one",
    529: "an MP3 decoder's own delay",
    576: "LAME's encoder delay alone",
    1024: "AAC without an edit list",
    1105: "LAME's MP3 without its tag",
    1600: "AAC with a long encoder start",
    1681: "an MP3 encoder's start of 1152 and the decoder's 529",
    2048: "AAC with two blocks of start",
    2112: "Apple's AAC without an edit list",
    2257: "LAME's MP3 with its tag decoded as audio",
}
"""Delay in frames at the rate of the coded file (the same at every rate, channel count and length),
and what it comes from. Measured with LAME, ffmpeg, PyAV, sox and libsndfile; see `bench/alignment.py`."""

LOSSY_EXCESS = 4096
"""Most frames that a lossy file may be too long: encoders pad the start and the end, and never cut."""
