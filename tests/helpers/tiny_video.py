"""Tracklets of two frames: the images of a tree that :mod:`helpers.fake_market` writes."""

from pathlib import Path

from midattr_plugin import torchreid_compat
from midattr_plugin.train import main

NAME = 'tiny_video'


class TinyVideo(torchreid_compat.data.VideoDataset):
    def __init__(self, root='', **options):
        folder = Path(root, 'market1501', 'Market-1501-v15.09.15')
        train, query, gallery = (
            _tracklets(folder / name)
            for name in ('bounding_box_train', 'query', 'bounding_box_test')
        )
        labels = {pid: i for i, pid in enumerate(sorted({pid for _, pid, _ in train}))}
        train = [(frames, labels[pid], camera) for frames, pid, camera in train]
        super().__init__(train, query, gallery, **options)


def _tracklets(folder):
    frames = {}
    for path in sorted(folder.glob('[0-9]*_c*')):
        frames.setdefault(path.name[:7], []).append(str(path))
    return [
        (tuple(paths), int(key[:4]), int(key[6]) - 1)
        for key, paths in frames.items()
        if int(key[:4])
    ]


def train(argv: list[str]) -> int:
    """Run ``midattr-train`` in a process that knows the dataset."""
    registry = torchreid_compat.data.datasets.__dict__['__video_datasets']
    registry[NAME] = TinyVideo
    return main(argv)
