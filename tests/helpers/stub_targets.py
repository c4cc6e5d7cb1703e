"""Targets whose images are random descriptors, and models that return them."""

from types import SimpleNamespace

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Descriptors(Dataset):
    """Items of torchreid's test datasets with a descriptor in the place of the image."""

    def __init__(self, features, pids, camids):
        self.features, self.pids, self.camids = features, pids, camids
        self.data = [
            (f'{i}.jpg', *labels, 0) for i, labels in enumerate(zip(pids, camids, strict=True))
        ]

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        return {
            'img': self.features[index],
            'pid': self.pids[index],
            'camid': self.camids[index],
            'impath': self.data[index][0],
            'dsetid': 0,
        }


def descriptors(count, shape=(6,), identities=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Descriptors(
        torch.randn(count, *shape, generator=generator),
        torch.randint(0, identities, (count,), generator=generator).tolist(),
        torch.randint(0, 4, (count,), generator=generator).tolist(),
    )


def datamanager(query, gallery, batch_size=7, **loader_options):
    """A data manager with the one target 'stub'."""
    loaders = {
        name: DataLoader(dataset, batch_size, **loader_options)
        for name, dataset in (('query', query), ('gallery', gallery))
    }
    return SimpleNamespace(
        train_loader=None,
        test_loader={'stub': loaders},
        sources=['stub'],
        data_type='image',
        width=16,
        height=32,
        num_train_pids=3,
        fetch_test_loaders=lambda name: (query.data, gallery.data),
    )


def with_model(engine):
    """An engine of torchreid with a model that returns its input."""
    engine.model = nn.Identity()
    engine.register_model('model', engine.model)
    return engine
