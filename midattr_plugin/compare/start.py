"""Start of a suite: one training from whose weights its rows start, as others do from ImageNet.

It is a run like those of the rows, but its checkpoint is kept: seeds that are added later start
from the same weights. A suite of several backbones has one for each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from midattr_plugin.compare.plan import (
    START_SEED,
    Run,
    backbone_of,
    is_from_start,
    plan_run,
    start_name,
)
from midattr_plugin.compare.suite import START, Row, Suite
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS
from midattr_plugin.models.backbones.timm_models import TIMM


def plan_starts(
    suite: Suite, runs: Sequence[Run], out: Path, root: str = '', opts: Sequence = ()
) -> list[Run]:
    """Return the runs from whose weights runs of a suite start, in the order of the rows.

    Args:
        suite: the suite.
        runs: those of its rows.
        out: folder of the results.
        root: folder of the datasets; '': that of the configurations.
        opts: keys and values of the command line.

    Raises:
        InputError: its configuration cannot be used.
    """
    started = [run for run in runs if is_from_start(run.cfg)]
    if suite.start is None or not started:
        return []
    rows = [suite.start]
    if suite.is_start_per_backbone:
        by_name = {start_name(run.cfg): run for run in reversed(started)}
        rows = [_start_of(suite.start, name, run) for name, run in reversed(by_name.items())]
    return [plan_run(suite, row, START_SEED, out, root, opts) for row in rows]


def _start_of(start: Row, name: str, run: Run) -> Row:
    """Return the row of the start of the backbone of a run."""
    model = run.cfg.model.name
    if model not in MODELS:
        raise InputError(
            f'row "{run.row.name}": its start is one per backbone, which {model} is not on; choose '
            'a midattr_ model, or set its model.load_weights'
        )
    backbone = MODELS[model].backbone
    own = {'model.name': f'midattr_{backbone}'}
    if backbone == TIMM:
        own['midattr.timm_name'] = run.cfg.midattr.timm_name
    keys = tuple(dict.fromkeys([*start.own_keys, *own]))
    label = f'{backbone_of(run.cfg)}, {start.label}'
    return replace(start, name=name, label=label, settings=start.settings | own, own_keys=keys)


def runs_from(start: Run, runs: Sequence[Run]) -> list[Run]:
    """Return the runs that start from the weights of a start."""
    return [run for run in runs if run.cfg.model.load_weights == str(start.checkpoint)]


def must_be_trained(start: Run, runs: Sequence[Run]) -> bool:
    """Return whether the start is to be trained before the runs.

    Args:
        start: the run from whose weights the others start.
        runs: those of the rows.

    Raises:
        InputError: there are runs to be trained, but the weights of those before them are lost.
    """
    others = runs_from(start, runs)
    if all(run.is_done for run in others):
        return False
    if start.is_done:
        is_lost = not start.checkpoint.exists()
    else:
        is_lost = any(run.is_done or run.checkpoint.exists() for run in others)
    if is_lost:
        raise InputError(
            f'"{start.checkpoint}", from whose weights rows start, is missing or not of a '
            f'finished training; put it and "{start.done_file.name}" back, or choose another --out'
        )
    return not start.is_done


def start_facts(starts: Sequence[Run], runs: Sequence[Run]) -> list[str]:
    """Return what the head of a report says about the starts: nothing, or one sentence.

    Args:
        starts: the runs from whose weights others start.
        runs: those of the rows.
    """
    if not starts:
        return []
    used = [run for start in starts for run in runs_from(start, runs)]
    names = ', '.join(dict.fromkeys(run.row.name for run in used))
    rows = 'All rows start' if len(used) == len(runs) else f'These rows start ({names})'
    each = 'one training' if len(starts) == 1 else 'one training for each backbone'
    label = starts[0].row.label
    if len(starts) > 1:
        label = label.removeprefix(f'{_backbone(starts[0])}, ')
    fact = f'{rows} from the weights of {each} ({label})'
    missing = [start for start in starts if not start.is_done]
    if len(missing) == len(starts):
        return [f'{fact}, which is NOT DONE.']
    if missing:
        fact += f', NOT DONE: {", ".join(_backbone(start) for start in missing)}'
    scores: dict[str, list[str]] = {}  # what they were trained and tested on -> scores
    for start in starts:
        if start.is_done:
            for tested, score in _scores(start):
                name = f'{_backbone(start)} ' if len(starts) > 1 else ''
                scores.setdefault(tested, []).append(f'{name}{score}')
    results = (f'{tested}: {", ".join(of_starts)}' for tested, of_starts in scores.items())
    return [f'{fact}: {"; ".join(results)}.']


def _backbone(start: Run) -> str:
    return start.row.name.removeprefix(f'{START}-')


def _scores(start: Run) -> Iterator[tuple[str, str]]:
    """Yield for each target on what it was trained and tested, and its mAP."""
    results, sources = start.results, ', '.join(start.cfg.data.sources)
    for target, by_descriptor in results.reid.items():
        kind = 'rendered' if results.rendered.get(target) else 'real'
        mAP = 100 * next(iter(by_descriptor.values()))['mAP']
        yield (
            f'{results.epoch} epochs on {sources}, mAP on {target} ({kind} images)',
            f'{mAP:.1f}%',
        )
