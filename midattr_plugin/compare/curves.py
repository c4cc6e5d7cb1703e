"""Training curves, from the TensorBoard events that the host's engine writes."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read_curve(folder: Path, tag: str) -> dict[int, float]:
    """Iteration -> value of ``tag``, as 'Train/loss'; empty if it was not written.

    A run that was cut off and resumed has written some iterations twice; the later counts.
    """
    curve: dict[int, float] = {}
    for path in sorted(folder.glob('events.out.tfevents.*'), key=lambda path: path.stat().st_mtime):
        events = EventAccumulator(str(path), size_guidance={'scalars': 0})
        events.Reload()
        if tag in events.Tags()['scalars']:
            curve |= {event.step: event.value for event in events.Scalars(tag)}
    return dict(sorted(curve.items()))
