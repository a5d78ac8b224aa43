"""Chains at work: a recipe of several models becomes a family of jobs, and their leaves one result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stembridge.bridge import batch, family, gathering, own_chains, own_presets
from stembridge.bridge.family import Step
from stembridge.bridge.kinds import Task
from stembridge.bridge.session import Tools
from stembridge.engines import registry
from stembridge.engines.base import Engine, Recipe, is_remote
from stembridge.jobs import disk, plan, runner
from stembridge.jobs.plan import Plan
from stembridge.jobs.request import SeparateRequest
from stembridge.jobs.store import Job
from stembridge.model import chains, presets, stems
from stembridge.model.chains import Chain, ChainStep
from stembridge.model.errors import StembridgeError, UnknownNameError, UsageError
from stembridge.model.formats import check_format, find_format
from stembridge.model.presets import OwnPreset
from stembridge.model.regions import Region
from stembridge.model.stems import ResultKind

ENGINE = "chain"
"""What a chain's result names as its engine; the recipe is in its options."""
_RECIPE = "chain"


@dataclass(frozen=True, slots=True)
class Link:
    """A step whose engine and model are known.

    Attributes
    ----------
    step
        Without a preset.
    stems
        Ids of the stems that are known to come of it; empty where only the result tells.
    """

    step: ChainStep
    engine: Engine
    recipe: Recipe
    stems: tuple[str, ...]


def carry_on(task: Task) -> None:
    """Work on a chain; see `stembridge.bridge.kinds`."""
    request = task.request
    if not isinstance(request, SeparateRequest):
        raise TypeError(request)
    chain, links = _links(request, task.engines(request.background), task.tools, task.job)
    one = family.work(task, links[0].engine)
    opened = family.opened(one, task, lambda: check_order(request, chain, links, task.job))
    if opened is None:
        return
    planned, region = opened
    jobs = family.run(one, task, _steps(one.job, request, planned, links), noun="This chain")
    gathering.finish(one, planned, region, [(link.step.of, jobs[link.step.of]) for link in links])


def entry(
    request: SeparateRequest, engines: Mapping[str, Engine], tools: Tools, job: Job | None = None
) -> batch.Entry:
    """Give a chain as one of several separations: checked, with its steps for their price."""
    chain, links = _links(request, engines, tools, job)
    rendered = job is not None and job.region_json.exists()
    planned = runner.read_plan(job)[0] if job and rendered else check_order(request, chain, links, job)
    steps = _steps(job, request, planned, links)
    return batch.Entry(
        request,
        planned,
        links[0].engine,
        job,
        steps=tuple(batch.Entry(step.request, step.plan, step.engine, memory=step.memory) for step in steps),
    )


def check(chain: Chain, tools: Tools) -> None:
    """Hold a chain against what the engines have now.

    A key that isn't stored, or a model that isn't installed, is no fault of the chain.

    Raises
    ------
    UsageError
        With the nearest living model, where a step's has vanished.
    """
    engines = tools.engines(background=False)
    kept: dict[str, Sequence[str]] = {}
    for step in chain.steps:
        spelt = spell_out(step, engines, tools)
        asked = OwnPreset(
            chain.id, engine=spelt.engine, model=spelt.model, options=spelt.options, stems=spelt.stems
        )
        try:
            model = own_presets.check(asked, engines, tools.default_engine)
        except StembridgeError as error:
            raise UsageError(
                f"{chains.words(step.of)}: {error.message.replace('The preset', 'The chain')}",
                hint=error.hint.replace("presets save", "presets show"),
            ) from None
        if model is not None and (model.kind is not ResultKind.STEM or not model.upload):
            raise _no_stems(step, model.name)
        kept[step.of] = spelt.stems or (own_presets.offered(model) if model else ())
        _check_path(step, kept)


def find(request: SeparateRequest, home: Path) -> Chain:
    """Give the chain that a request asks for."""
    if isinstance(request.chain, str):
        return own_chains.find(home, request.chain)
    return chains.read(request.chain)


def expand(chain: Chain, engines: Mapping[str, Engine], tools: Tools) -> list[Link]:
    """Find the engine and the model of every step, and check that each gives what the next takes apart."""
    found: list[Link] = []
    kept: dict[str, Sequence[str]] = {}
    for step in chain.steps:
        spelt = spell_out(step, engines, tools)
        engine = engines[str(spelt.engine)]
        recipe = engine.resolve(spelt.model, spelt.options)
        for model in engine.models():
            if model.id == recipe.model and (model.kind is not ResultKind.STEM or not model.upload):
                raise _no_stems(step, model.name)
        chosen = stems.choose(spelt.stems, recipe.stems)
        kept[step.of] = chosen
        _check_path(step, kept)
        spelt = replace(spelt, model=recipe.model, options=dict(recipe.options))
        found.append(Link(replace(spelt, stems=chosen if spelt.stems else ()), engine, recipe, chosen))
    return found


def spell_out(step: ChainStep, engines: Mapping[str, Engine], tools: Tools) -> ChainStep:
    """Give a step with its preset's model and with an engine's name."""
    if step.preset:
        step = _of_preset(step, tools)
    engine = registry.choose(engines, tools.default_engine, step.engine, step.model)
    return replace(step, engine=engine.name)


def _of_preset(step: ChainStep, tools: Tools) -> ChainStep:
    preset = own_presets.find(tools.home, step.preset)
    if isinstance(preset, OwnPreset):
        engine, model, options, kept = preset.engine, preset.model, preset.options, preset.stems
    elif (step.engine or tools.default_engine) == "offline" and (step.engine or preset.offline):
        offline = presets.offline_recipe(preset)
        engine, model, options, kept = "offline", offline.model, {}, offline.stems
    else:
        recipe = preset.mvsep
        engine, model, options, kept = "mvsep", str(recipe.sep_type), recipe.options, recipe.stems
    return replace(
        step,
        engine=step.engine or engine,
        model=model,
        options=dict(options),
        stems=step.stems or kept,
        preset="",
    )


def _no_stems(step: ChainStep, model: str) -> UsageError:
    return UsageError(
        f"{chains.words(step.of)}: '{model}' gives no stems of what it gets, so it can't be part of a chain.",
        hint="Take a model that separates; `stembridge models` lists what each gives.",
    )


def _check_path(step: ChainStep, kept: Mapping[str, Sequence[str]]) -> None:
    above, stem = chains.split(step.of)
    if step.of and kept[above] and stem not in kept[above]:
        paths = [chains.below(above, one) for one in kept[above]]
        raise UnknownNameError("stem in this chain", step.of, paths)


def check_order(request: SeparateRequest, chain: Chain, links: Sequence[Link], job: Job | None) -> Plan:
    """Check a chain's order as a whole: its region, its stems, its format and the place for the results."""
    first = plan.check(_order(request, links[0]), links[0].engine, job)
    if first.region is None:
        raise UsageError("A chain takes apart a file, no link.", hint="Download the audio and give the file.")
    check_format(find_format(request.format), channels=first.region.channels, rate=first.region.rate)
    told = all(link.stems for link in links)
    paths = chains.leaves([(link.step.of, link.stems) for link in links]) if told else []
    if request.levels and told:
        paths += [step.of for step in (link.step for link in links) if step.of]
    ids = tuple(chains.id_of(path) for path in paths)
    exact = replace(chain, steps=tuple(link.step for link in links))
    same = [[link.step.of, link.recipe.identity, list(link.step.stems)] for link in links]
    recipe = Recipe(
        ENGINE,
        chain.id,
        ids,
        {_RECIPE: json.dumps(exact.to_dict(), sort_keys=True)},
        hashlib.sha256(json.dumps([same, request.levels, list(request.stems)]).encode()).hexdigest(),
        title=chain.title,
        service=first.recipe.service,
    )
    chosen = gathering.choose(request.stems, ids)
    planned = replace(first, recipe=recipe, stems=chosen)
    if request.deliver_to is not None:
        plan.check_place(Path(request.deliver_to), planned, request, job)
    return planned


def _links(
    request: SeparateRequest, engines: Mapping[str, Engine], tools: Tools, job: Job | None
) -> tuple[Chain, list[Link]]:
    """Give the steps: as an earlier worker fixed them, else as they are now."""
    chain = find(request, tools.home) if job is None or not job.region_json.exists() else _fixed(job)
    return chain, expand(chain, engines, tools)


def _fixed(job: Job) -> Chain:
    try:
        return chains.read(json.loads(runner.read_plan(job)[0].recipe.options[_RECIPE]))
    except (KeyError, ValueError) as error:
        raise disk.corrupt(job.region_json, "the chain is missing") from error


def _order(request: SeparateRequest, link: Link) -> SeparateRequest:
    """Give what a step's job is asked for: its stems and, so that nothing is lost, what they leave."""
    return replace(
        request,
        engine=link.engine.name,
        model=link.recipe.model,
        options=dict(link.recipe.options),
        chain=None,
        levels=False,
        stems=link.step.stems,
        rest=bool(link.stems),
        residual=False,
        format="wav32f",
        deliver_to=None,
        overwrite=False,
        service=dict(request.service) if is_remote(link.engine) else {},
    )


def _steps(parent: Job | None, request: SeparateRequest, planned: Plan, links: Sequence[Link]) -> list[Step]:
    """Make the family's steps; without a parent only for their price."""
    whole = planned.region
    if whole is None:
        raise TypeError(planned)
    span = Region("", 0, whole.frames, whole.rate, whole.channels)
    memories: dict[str, str] = {}
    steps: list[Step] = []
    for link in links:
        path = link.step.of
        above, stem = chains.split(path)
        order = _order(request, link)
        recipe = replace(link.recipe, service=order.service)
        if not path:
            step_plan = replace(planned, recipe=recipe, stems=link.stems)
            memories[path] = step_plan.answer_key() if planned.source_key else ""
        else:
            order = replace(
                order, source=None, input=True, check=None, name=f"{planned.name} - {chains.id_of(path)}"
            )
            step_plan = Plan(span, planned.name, recipe, link.stems, "", {})
            known = memories[above]
            memories[path] = step_plan.answer_key(f"{known}/{stem}") if known else ""
        steps.append(
            Step(
                path,
                chains.words(path),
                link.engine,
                step_plan,
                order,
                after=(above,) if path else (),
                prepare=_nothing if parent is None else _input(parent, step_plan, path),
                memory=memories[path] if path else "",
            )
        )
    return steps


def _nothing(_job: Job, _done: Mapping[str, Job]) -> None:
    """Prepare a step that is only priced."""


def _input(parent: Job, step_plan: Plan, path: str) -> Callable[[Job, Mapping[str, Job]], None]:
    """Give what puts a step's input into its folder: the parent's region, or a stem of the step above."""

    def prepare(job: Job, done: Mapping[str, Job]) -> None:
        if not path:
            family.take_over(parent, step_plan, job)
            return
        above, stem = chains.split(path)
        family.take_in(gathering.stem_file(done[above], stem), job)

    return prepare
