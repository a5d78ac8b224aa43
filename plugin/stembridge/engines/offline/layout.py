"""Which channels belong together: the network hears stereo, a file may hold up to a room."""

from __future__ import annotations

from dataclasses import dataclass

_NAMES = {
    3: "L R C",
    4: "L R Ls Rs",
    5: "L R C Ls Rs",
    6: "L R C LFE Ls Rs",
    7: "L R C LFE Cs Ls Rs",
    8: "L R C LFE Lb Rb Ls Rs",
}
"""The order of channels in a WAV file (Microsoft's WAVEFORMATEXTENSIBLE), by their count."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file's channels are separated.

    Attributes
    ----------
    groups
        Indices of the channels that are separated together: two, or one alone.
    untouched
        Indices of the channels that aren't separated (LFE) and go to the instrumental as they are.
    note
        A sentence for the user; empty for mono and stereo.
    """

    groups: tuple[tuple[int, ...], ...]
    untouched: tuple[int, ...] = ()
    note: str = ""

    @property
    def separated(self) -> tuple[int, ...]:
        """The indices of all channels in `groups`, in their order."""
        return tuple(channel for group in self.groups for channel in group)


def layout(channels: int) -> Layout:
    """Give the layout of a file with ``channels`` channels (1 or more)."""
    names = _NAMES.get(channels, "").split() or [str(number + 1) for number in range(channels)]
    lfe = tuple(index for index, name in enumerate(names) if name == "LFE")
    groups: list[tuple[int, ...]] = []
    index = 0
    while index < channels:
        if index in lfe:
            index += 1
        elif index + 1 < channels and _is_pair(names[index], names[index + 1]):
            groups.append((index, index + 1))
            index += 2
        else:
            groups.append((index,))
            index += 1
    if channels <= 2:
        return Layout(tuple(groups))
    words = ["+".join(names[channel] for channel in group) for group in groups]
    note = f"The {channels} channels were separated in groups: {', '.join(words)}."
    if lfe:
        note += " The LFE channel went to the instrumental untouched."
    return Layout(tuple(groups), lfe, note)


def _is_pair(left: str, right: str) -> bool:
    """True for L and R of one place, and for two neighbours that are only numbered."""
    if left.isdigit():
        return right.isdigit()
    return left[0] == "L" and right == "R" + left[1:]
