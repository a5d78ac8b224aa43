"""What the rest leaves out: of the chosen stems, those that hold what was chosen, and nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stembridge.model.results import EngineFile
from stembridge.model.stems import Role


def left_out(files: Sequence[EngineFile], chosen: Sequence[int], answer: Sequence[EngineFile]) -> list[int]:
    """Give the chosen files whose sum, with the rest, is the region.

    A composite or an alternate holds what additive stems hold. Beside these it counts for nothing; where
    it holds more than those of them that were chosen, it counts in their place. So the rest has nothing
    of what was chosen, and adding it to the files that are given here never counts anything twice.

    Parameters
    ----------
    files
        Stems of one answer.
    chosen
        Places in ``files``.
    answer
        All files of the answer: a chosen one may be the sum of others.

    Returns
    -------
    list of int
        Places in ``files``, in order; at least one where any was chosen.
    """
    names = {file.name: file for file in answer}
    holds = {place: _holds(files[place], names, frozenset()) for place in chosen}
    counted = [place for place in chosen if files[place].role is Role.ADDITIVE]
    known = [place for place in chosen if place not in counted and holds[place]]
    taken: frozenset[str] = frozenset()
    for place in sorted(known, key=lambda place: (-len(holds[place]), place)):
        finer = {name for one in counted for name in holds[one]}
        if holds[place] <= finer or holds[place] & taken:
            continue
        counted = [*(one for one in counted if not holds[one] & holds[place]), place]
        taken |= holds[place]
    return sorted(counted) or list(chosen[:1])


def words(files: Sequence[EngineFile], chosen: Sequence[int], counted: Sequence[int]) -> str:
    """Say what the rest is, where the files' names don't; empty where they do."""
    more = [place for place in chosen if place not in counted]
    if not more and all(files[place].role is Role.ADDITIVE for place in counted):
        return ""
    one = len(counted) == 1
    text = f"The rest is what {_list(files, counted)} {'leaves' if one else 'leave'} of the region"
    if more:
        where = _list(files, counted) if one else "these"
        text += f"; {_list(files, more)} {'is' if len(more) == 1 else 'are'} already in {where}"
    return f"{text}."


def _holds(file: EngineFile, names: Mapping[str, EngineFile], seen: frozenset[str]) -> frozenset[str]:
    """Give the names of the additive files that a file holds; empty where that isn't known."""
    if file.role is Role.ADDITIVE:
        return frozenset({file.name})
    if file.name in seen:
        return frozenset()
    found = [
        _holds(names[name], names, seen | {file.name}) if name in names else frozenset[str]()
        for name in file.like
    ]
    return frozenset().union(*found) if all(found) else frozenset()


def _list(files: Sequence[EngineFile], places: Sequence[int]) -> str:
    quoted = [f"'{files[place].stem}'" for place in places]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
