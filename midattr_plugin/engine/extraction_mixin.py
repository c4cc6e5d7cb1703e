"""Extraction of descriptors by an engine, with a progress bar and the time that it takes."""

from collections.abc import Iterable, Iterator
from time import perf_counter
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed import is_main, world_size
from midattr_plugin.distributed.sharding import sharded_test_loader
from midattr_plugin.engine.extraction import Split, extract_split


class ExtractionMixin(torchreid_compat.Engine):
    """Mixed into an engine of torchreid, before it. Each process extracts its share."""

    _batch_time: Any  # torchreid's meter of seconds per batch
    _rates: list[float]  # images per second, of each batch

    def _restart_clock(self) -> None:
        self._batch_time = torchreid_compat.utils.AverageMeter()
        self._rates = []

    def _extract(self, loader: DataLoader, split: str, target: str) -> Split:
        """Extract the descriptors of a split, 'query' or 'gallery', of a target."""
        print(f'Extracting features from {split} set ...')
        share = sharded_test_loader(loader) if world_size() > 1 else loader
        images: Any = loader.dataset
        extracted = extract_split(
            _with_progress(share, split), len(images), self._describe, f'{split} set of {target}'
        )
        if extracted.features.shape[1]:
            print('Done, obtained {}-by-{} matrix'.format(*extracted.features.shape))
        return extracted

    def _describe(self, data: dict) -> tuple[Tensor, Tensor, Tensor]:
        """Return descriptors, pids and camids of a batch."""
        images, pids, camids = self.parse_data_for_eval(data)
        if self.use_gpu:
            images = images.cuda(non_blocking=True)
        start = perf_counter()
        features = self.extract_features(images).cpu()  # there when the time is taken
        seconds = perf_counter() - start
        self._batch_time.update(seconds)
        self._rates.append(len(images) / seconds)
        return features, pids, camids


def _with_progress(loader: Iterable, name: str) -> Iterator:
    """Yield the batches; a generator, because a bar of tqdm shows as soon as it is made."""
    hidden = None if is_main() else True  # None: shown on a terminal, but not in a log
    yield from tqdm(loader, desc=name, unit='batch', leave=False, disable=hidden)
