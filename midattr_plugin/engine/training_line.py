"""Console output of a training: a short line every few batches, and a table of the attributes.

torchreid's own line has every term; with 12 attributes it is 957 characters wide.
"""

from collections.abc import Iterable, Mapping
from time import perf_counter

from midattr_plugin import torchreid_compat

WIDTH = 160
"""Largest length of a line, characters."""

_TRIPLET = 'triplet_'  # how the triplet terms of the branches begin


class TrainingLine:
    """The line of one epoch; losses and accuracies are means since it began.

    Args:
        epoch: number of the epoch, from 1.
        max_epoch: number of epochs.
        num_batches: of an epoch.
        attributes: names of the attributes, which are averaged.
    """

    def __init__(self, epoch: int, max_epoch: int, num_batches: int, attributes: Iterable[str]):
        self.epoch, self.max_epoch, self.num_batches = epoch, max_epoch, num_batches
        self.attributes = list(attributes)
        self._meter = torchreid_compat.utils.MetricMeter()
        self._began = perf_counter()

    def update(self, summary: Mapping[str, float]) -> None:
        """Add the terms of some steps: 'loss', 'loss_<term>' and 'acc_<term>'; {} adds none."""
        self._meter.update(dict(summary))

    def text(self, batch: int, lr: float) -> str:
        """Return the line.

        Args:
            batch: number of batches done in this epoch.
            lr: learning rate.
        """
        seconds = (perf_counter() - self._began) / batch
        left = (self.max_epoch - self.epoch + 1) * self.num_batches - batch
        minutes, rest = divmod(int(seconds * left), 60)
        means = self.means()
        parts = [
            f'epoch: [{self.epoch}/{self.max_epoch}][{batch}/{self.num_batches}]',
            f'time {seconds:.3g}',
            f'eta {minutes // 60}:{minutes % 60:02}:{rest:02}',
            f'loss {means["loss"]:.4g}',
        ]
        attributes = {f'loss_{name}': f'acc_{name}' for name in self.attributes}
        identity = {
            name.removeprefix('loss_'): value
            for name, value in means.items()
            if name.startswith('loss_') and name not in attributes
        }
        parts += [f'{k} {v:.4g}' for k, v in identity.items() if not k.startswith(_TRIPLET)]
        if triplets := [f'{v:.4g}' for k, v in identity.items() if k.startswith(_TRIPLET)]:
            parts.append(f'triplet {"/".join(triplets)}')
        if losses := [means[name] for name in attributes if name in means]:
            parts.append(f'attributes {sum(losses) / len(losses):.4g}')
        if accuracies := [means[name] for name in attributes.values() if name in means]:
            parts.append(f'acc {sum(accuracies) / len(accuracies):.1f}%')
        parts.append(f'lr {lr:.4g}')
        text = '  '.join(parts)
        return text if len(text) <= WIDTH else ' '.join(parts)

    def means(self) -> dict[str, float]:
        """Return the means by term."""
        return {name: meter.avg for name, meter in self._meter.meters.items()}

    def table(self) -> str:
        """Return loss and accuracy of each attribute as a table; '' without any."""
        means = self.means()
        rows = [name for name in self.attributes if f'loss_{name}' in means]
        if not rows:
            return ''
        width = max(map(len, rows))
        lines = [f'{"":<{width}}{"loss":>10}{"accuracy":>12}']
        for name in rows:
            accuracy = means.get(f'acc_{name}')
            shown = '-' if accuracy is None else f'{accuracy:.1f}%'
            lines.append(f'{name:<{width}}{means[f"loss_{name}"]:>10.4f}{shown:>12}')
        return '\n'.join(lines)
