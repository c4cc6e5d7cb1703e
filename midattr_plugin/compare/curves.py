"""Training curves, from the TensorBoard events that torchreid's engine writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from midattr_plugin.compare.plan import Run

LOSS, TIME = 'Train/loss', 'Train/time'  # as torchreid's engine names them
MAP = 'mAP'  # percent, by epochs trained
RATE = 'images_per_second'  # of extraction, by epochs trained
_TRIPLET_LOSS = 'Train/loss_t'  # torchreid's triplet engine logs no sum
IDENTITY_LOSSES = ('Train/loss_global', 'Train/loss_local', 'Train/loss_x')
"""Losses of the identity classifiers: of our branches, and of torchreid's triplet engine."""
CurvesByRun = Mapping[Run, Mapping[str, Mapping[int, float]]]
"""Finished run -> tag -> iteration, or epochs trained, -> value."""


def read_curves(folder: Path, tags: Sequence[str]) -> dict[str, dict[int, float]]:
    """Return tag, e.g. 'Train/loss' -> iteration -> value; empty for a tag that was not written.

    A run that was interrupted and resumed has written some iterations twice; the later one counts.
    """
    curves: dict[str, dict[int, float]] = {tag: {} for tag in tags}
    for path in sorted(folder.glob('events.out.tfevents.*'), key=lambda path: path.stat().st_mtime):
        events = EventAccumulator(str(path), size_guidance={'scalars': 0})
        try:
            events.Reload()
        except UnicodeError:
            print(f'Note: no curves of "{folder}", as TensorBoard reads only paths in UTF-8')
            break
        for tag in curves.keys() & events.Tags()['scalars']:
            curves[tag] |= {event.step: event.value for event in events.Scalars(tag)}
    return {tag: dict(sorted(curve.items())) for tag, curve in curves.items()}


def curves_of_runs(runs: Sequence[Run]) -> CurvesByRun:
    """Return losses and the time per iteration of the finished runs; mAP and rate of each test.

    The tests are those of the first target, and have the number of epochs trained, from 1, instead
    of the iteration.
    """
    curves = {}
    for run in runs:
        if run.is_done:
            tested, rate = (f'Test/{run.cfg.data.targets[0]}/{name}' for name in (MAP, RATE))
            tags = (LOSS, _TRIPLET_LOSS, TIME, tested, rate, *IDENTITY_LOSSES)
            by_tag = read_curves(run.folder, tags)
            curves[run] = {
                **{tag: by_tag[tag] for tag in IDENTITY_LOSSES if by_tag[tag]},
                LOSS: by_tag[LOSS] or by_tag[_TRIPLET_LOSS],
                TIME: by_tag[TIME],
                MAP: {step + 1: 100 * value for step, value in by_tag[tested].items()},
                RATE: {step + 1: value for step, value in by_tag[rate].items()},
            }
    return curves


def rates_of_rows(curves: CurvesByRun) -> dict[str, float]:
    """Return row -> images per second of extraction, the median of all its tests."""
    rates: dict[str, list[float]] = {}
    for run, by_tag in curves.items():
        rates.setdefault(run.row.name, []).extend(by_tag.get(RATE, {}).values())
    return {name: median(values) for name, values in rates.items() if values}
