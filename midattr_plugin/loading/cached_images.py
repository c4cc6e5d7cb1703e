"""Cache of the decoded and resized images of a training set."""

import copy

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import Compose, PILToTensor, Resize
from tqdm import tqdm

from midattr_plugin import torchreid_compat
from midattr_plugin.distributed.launch import read_launch
from midattr_plugin.errors import InputError
from midattr_plugin.free_memory import free_ram

_GIB = 2**30
_BATCH = 64
_DEVICE_SHARE = 0.7  # of a GPU's free memory; model, activations and gradients take the rest


class CachedImages:
    """Images of a torchreid dataset in one tensor ``pixels`` (N, H, W, 3) uint8.

    Args:
        dataset: image dataset of torchreid; its images are resized like torchreid does.
        height: H.
        width: W.
        device: device of the tensor.
        workers: worker processes that decode; 0 to decode in this process.

    Raises:
        InputError: the images do not fit into the free memory, on a GPU with room for training,
            or a file is broken.
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
    needed = count * height * width * 3
    images = f'{count:,} training images of {height} x {width} take {needed / _GIB:.1f} GiB'
    remedy = 'none, or make data.height and data.width smaller'
    if device == 'cpu':
        # each process caches all images; the first one of a machine checks for all of them
        launch = read_launch()
        processes = 1
        if launch is not None and launch.local_rank == 0:
            processes = launch.local_size or 1
        free = free_ram()
        if needed * processes > free:
            times = f' in each of {processes} processes' if processes > 1 else ''
            raise InputError(
                f'midattr.cache: {images}{times}, but only {free / _GIB:.1f} GiB are free; set it '
                f'to {remedy}'
            )
        return
    free = torch.cuda.mem_get_info()[0]
    if needed > _DEVICE_SHARE * free:
        raise InputError(
            f'midattr.cache: {images}, but of the {free / _GIB:.1f} GiB that are free on the GPU '
            f'training needs {1 - _DEVICE_SHARE:.0%}; set it to ram or {remedy}'
        )
