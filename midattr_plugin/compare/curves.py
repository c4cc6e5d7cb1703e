"""Training curves, from the TensorBoard events that torchreid's engine writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from midattr_plugin.compare.plan import Run

LOSS, TIME = 'Train/loss', 'Train/time'  # as torchreid's engine names them
_OTHER_LOSS = 'Train/loss_t'  # torchreid's triplet engine logs no sum
CurvesOfRuns = Mapping[Run, Mapping[str, Mapping[int, float]]]
"""Of each run that is done: tag -> iteration -> value."""


def read_curves(folder: Path, tags: Sequence[str]) -> dict[str, dict[int, float]]:
    """Tag, as 'Train/loss' -> iteration -> value; empty if it was not written.

    A run that was cut off and resumed has written some iterations twice; the later counts.
    """
    curves: dict[str, dict[int, float]] = {tag: {} for tag in tags}
    for path in sorted(folder.glob('events.out.tfevents.*'), key=lambda path: path.stat().st_mtime):
        events = EventAccumulator(str(path), size_guidance={'scalars': 0})
        events.Reload()
        for tag in curves.keys() & events.Tags()['scalars']:
            curves[tag] |= {event.step: event.value for event in events.Scalars(tag)}
    return {tag: dict(sorted(curve.items())) for tag, curve in curves.items()}


def curves_of_runs(runs: Sequence[Run]) -> CurvesOfRuns:
    """Loss and time of an iteration, of the runs that are done."""
    curves = {
        run: read_curves(run.folder, (LOSS, _OTHER_LOSS, TIME)) for run in runs if run.is_done
    }
    return {run: {LOSS: of[LOSS] or of[_OTHER_LOSS], TIME: of[TIME]} for run, of in curves.items()}
