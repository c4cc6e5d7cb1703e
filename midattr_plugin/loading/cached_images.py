"""Cache of the decoded and resized images of a training set."""

import copy

import psutil
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import Compose, PILToTensor, Resize
from tqdm import tqdm

from midattr_plugin import torchreid_compat
from midattr_plugin.errors import InputError

_GIB = 2**30
_BATCH = 64


class CachedImages:
    """Images of a torchreid dataset in one tensor ``pixels`` (N, H, W, 3) uint8.

    Args:
        dataset: image dataset of torchreid; its images are resized like torchreid does.
        height: H.
        width: W.
        device: device of the tensor.
        workers: worker processes that decode; 0 to decode in this process.

    Raises:
        InputError: the images do not fit into the free memory, or a file is broken.
    """

    def __init__(
        self,
        dataset: torchreid_compat.ImageDataset,
        height: int,
        width: int,
        device: str = 'cpu',
        workers: int = 0,
    ):
        _check_memory(len(dataset), height, width, device)
        self.pixels = torch.empty(len(dataset), height, width, 3, dtype=torch.uint8, device=device)
        loader = DataLoader(_Pixels(dataset, height, width), _BATCH, num_workers=workers)
        start = 0  # not the count of the bar, which stays 0 if TQDM_DISABLE is set
        with tqdm(total=len(dataset), desc='decoding', unit='image', leave=False) as bar:
            for batch in loader:
                self.pixels[start : start + len(batch)] = batch.permute(0, 2, 3, 1)
                start += len(batch)
                bar.update(len(batch))

    def __getitem__(self, indices: list[int]) -> Tensor:
        """Return a copy (B, H, W, 3) of the images at these indices."""
        return self.pixels.index_select(0, torch.tensor(indices, device=self.pixels.device))


class _Pixels(Dataset):
    """The images of a dataset alone, resized: (3, H, W) uint8."""

    def __init__(self, dataset: torchreid_compat.ImageDataset, height: int, width: int):
        self.dataset = copy.copy(dataset)
        self.dataset.transform = Compose([Resize((height, width)), PILToTensor()])
        self.dataset.k_tfm = 1

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Tensor:
        return self.dataset[index]['img']


def _check_memory(count: int, height: int, width: int, device: str) -> None:
    free = psutil.virtual_memory().available if device == 'cpu' else torch.cuda.mem_get_info()[0]
    needed = count * height * width * 3
    if needed > free:
        raise InputError(
            f'midattr.cache: {count:,} training images of {height} x {width} take '
            f'{needed / _GIB:.1f} GiB, but only {free / _GIB:.1f} GiB are free; set it to none, or '
            'make data.height and data.width smaller'
        )
