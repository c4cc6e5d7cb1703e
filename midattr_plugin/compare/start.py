"""Start of a suite: one training from whose weights its rows start, as others do from ImageNet.

It is a run like those of the rows, but its checkpoint is kept: seeds that are added later start
from the same weights.
"""

from collections.abc import Sequence
from pathlib import Path

from midattr_plugin.compare.plan import START_SEED, Run, is_from_start, plan_run
from midattr_plugin.compare.suite import Suite
from midattr_plugin.errors import InputError


def plan_start(
    suite: Suite, runs: Sequence[Run], out: Path, root: str = '', opts: Sequence = ()
) -> Run | None:
    """Return the run from whose weights runs of a suite start; None if none does.

    Args:
        suite: the suite.
        runs: those of its rows.
        out: folder of the results.
        root: folder of the datasets; '': that of the configurations.
        opts: keys and values of the command line.

    Raises:
        InputError: its configuration cannot be used.
    """
    if suite.start is None or not any(is_from_start(run.cfg) for run in runs):
        return None
    return plan_run(suite, suite.start, START_SEED, out, root, opts)


def must_be_trained(start: Run, runs: Sequence[Run]) -> bool:
    """Return whether the start is to be trained before the runs.

    Args:
        start: the run from whose weights the others start.
        runs: those of the rows.

    Raises:
        InputError: there are runs to be trained, but the weights of those before them are lost.
    """
    others = [run for run in runs if is_from_start(run.cfg)]
    if all(run.is_done for run in others):
        return False
    if start.is_done:
        is_lost = not start.checkpoint.exists()
    else:
        is_lost = any(run.is_done or run.checkpoint.exists() for run in others)
    if is_lost:
        raise InputError(
            f'"{start.checkpoint}", from whose weights all rows start, is missing or not of a '
            f'finished training; put it and "{start.done_file.name}" back, or choose another --out'
        )
    return not start.is_done


def start_facts(start: Run, runs: Sequence[Run]) -> list[str]:
    """Return what the head of a report says about the start.

    Args:
        start: the run from whose weights others start.
        runs: those of the rows.
    """
    uses = {run.row.name: is_from_start(run.cfg) for run in runs}
    names = ', '.join(name for name, is_used in uses.items() if is_used)
    rows = 'All rows start' if all(uses.values()) else f'These rows start ({names})'
    fact = f'{rows} from the weights of one training ({start.row.label})'
    if not start.is_done:
        return [f'{fact}, which is NOT DONE.']
    results = start.results
    scores = ', '.join(
        f'mAP {100 * next(iter(by_descriptor.values()))["mAP"]:.1f}% on {target} '
        f'({"rendered" if results.rendered.get(target) else "real"} images)'
        for target, by_descriptor in results.reid.items()
    )
    sources = ', '.join(start.cfg.data.sources)
    return [f'{fact}: {results.epoch} epochs on {sources}; {scores}.']
