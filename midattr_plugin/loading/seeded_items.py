"""Items of a dataset, each with random numbers of its own."""

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset

from midattr_plugin.random_state import seed_generators


class SeededItems(Dataset):
    """A dataset whose items are read by (seeds, index).

    What is drawn for an item does not depend on the items before, so neither on the number of
    worker processes nor on which of them reads it.

    Args:
        dataset: read by index.
    """

    def __init__(self, dataset: Any):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: tuple[Sequence[int], Any]) -> Any:
        """Return an item.

        Args:
            key: seeds for :func:`~midattr_plugin.random_state.seed_generators`, and the index.
        """
        seeds, index = key
        seed_generators(seeds)
        return self.dataset[index]
