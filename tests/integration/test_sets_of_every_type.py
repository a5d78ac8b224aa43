"""Every result set that the stand-in service knows is told apart by measurement, then finished."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stembridge.audio.render import RegionFile
from stembridge.audio.sets import classify
from stembridge.model.results import EngineFile, Separation
from stembridge.model.stems import ResultKind, Role
from stembridge.sandbox.catalogue import built_in
from stembridge.sandbox.outputs import Kind, Part, parts_of
from stembridge.sandbox.splitters import splitter
from tests.e2e.command import decibels, read
from tests.fakes.signals import finished, mixed, music, save_region

RATE = 44_100
ROLES = {Kind.PART: Role.ADDITIVE, Kind.SUM: Role.COMPOSITE, Kind.ALTERNATE: Role.ALTERNATE}
KINDS = {Kind.WHOLE: ResultKind.AUDIO, Kind.MADE: ResultKind.GENERATED, Kind.TEXT: ResultKind.TEXT}


def _sets() -> Iterator[tuple[int, dict[str, str], tuple[Part, ...]]]:
    """Give every set of files that differs from the ones before, with the options that bring it about."""
    seen: set[tuple[int, tuple[Part, ...]]] = set()
    catalogue = built_in()
    for row in catalogue.wire():
        algorithm = catalogue.get(row["render_id"])
        assert algorithm is not None
        fields = [[(name, key) for key in keys] for name, keys in algorithm.options.items() if keys]
        for chosen in itertools.product(*fields):
            options = dict(chosen)
            parts = parts_of(algorithm.sep_type, options)
            if (algorithm.sep_type, parts) not in seen:
                seen.add((algorithm.sep_type, parts))
                yield algorithm.sep_type, options, parts


SETS = list(_sets())


def test_all_types_are_here() -> None:
    assert len({number for number, _, _ in SETS}) == 57
    assert {part.kind for _, _, parts in SETS for part in parts} == set(Kind)


@pytest.mark.parametrize(
    ("number", "options", "parts"),
    SETS,
    ids=[f"{number}-{'-'.join(options.values())}" for number, options, _ in SETS],
)
def test_the_verdict_is_what_the_stand_in_did(
    tmp_path: Path, number: int, options: dict[str, str], parts: tuple[Part, ...]
) -> None:
    region = save_region(tmp_path, mixed(music(3 * RATE)), RATE)
    answer = tmp_path / "answer"
    answer.mkdir()
    shown = [part for part in parts if part.kind is not Kind.HIDDEN]
    kind = KINDS.get(shown[0].kind, ResultKind.STEM)
    rows = [
        EngineFile(path.name, slug, label, kind)
        for label, slug, path in splitter()(region.path, number, options, answer)
    ]
    verdict = classify(region, answer, rows)
    expected = [ROLES.get(part.kind, Role.ADDITIVE) for part in shown]
    if kind is ResultKind.STEM:
        assert [file.role for file in verdict.files] == expected
        assert verdict.complete is (len(shown) == len(parts))
        told = {row["stem"]: row["like"] for row in verdict.evidence["files"]}
        assert all(set(told[part.slug]) == set(part.of) for part in shown if part.kind is Kind.SUM)
    else:
        assert list(verdict.files) == rows
        assert (verdict.complete, verdict.evidence) == (False, {})
    answered = Separation(verdict.files, complete=verdict.complete)
    facts = finished(tmp_path, region, answered, wanted=[])
    assert [stem.role for stem in facts.stems] == [file.role for file in verdict.files]
    if verdict.complete:
        assert facts.residual_db is None or facts.residual_db < -120
        assert set(facts.summed) == {part.slug for part in shown if part.kind is Kind.PART}
    else:
        assert facts.summed == ()
    if kind is ResultKind.STEM:
        _any_choice_and_the_rest_are_the_region(tmp_path, region, answered)


def _any_choice_and_the_rest_are_the_region(folder: Path, region: RegionFile, answered: Separation) -> None:
    """Choose the first stem and the first two; each sum and other estimate alone and with any other; all."""
    roles = {file.stem: file.role for file in answered.files}
    pairs = [set(pair) for pair in itertools.combinations(roles, 2)]
    choices = [{next(iter(roles))}, set(roles), *pairs[:1]]
    choices += [{stem} for stem, role in roles.items() if role is not Role.ADDITIVE]
    choices += [pair for pair in pairs[1:] if any(roles[stem] is not Role.ADDITIVE for stem in pair)]
    mix = read(region.path)
    for wanted in choices:
        shutil.rmtree(folder / "out")
        facts = finished(folder, region, answered, wanted=sorted(wanted), rest=True)
        assert {row.stem for row in facts.stems} == {*wanted, "rest"}
        told = [row for row in facts.stems if row.stem in facts.summed]
        total = np.sum([read(folder / "out" / row.file).astype(np.float64) for row in told], axis=0)
        assert decibels(total - mix) < -120, (wanted, facts.summed)
        if "rest" in facts.summed:  # what doesn't count is held by what does, and not by the rest
            beside = wanted - set(facts.summed)
            assert all(any(f"'{stem}'" in note for note in facts.notes) for stem in beside), facts.notes
