"""Pictures of what made a query and the first ones of its ranked list similar."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from midattr_plugin.errors import InputError
from midattr_plugin.explain.map_drawing import overlay
from midattr_plugin.predict.predictor import AnyImage, Predictor, as_image
from midattr_plugin.ranked import thumbnail

_LISTS, _PLACES = 20, 3  # of which there are pictures, so that memory and time stay small
_HEIGHT = 160  # pixels


class PairPictures:
    """Draws pairs of pictures, which are kept as small as the model sees them.

    Args:
        predictor: the model.
        is_wanted: whether there are pictures at all.
    """

    def __init__(self, predictor: Predictor, is_wanted: bool):
        self._predictor, self._is_wanted = predictor, is_wanted
        self._pairs: set[tuple[Hashable, Hashable]] = set()
        self._kept: dict[Hashable, tuple[Tensor, Image.Image]] = {}

    def chosen(self, lists: Iterable[tuple[Hashable, Sequence[Hashable]]]) -> set[Hashable]:
        """Choose the pairs, and return the names of their pictures, which are to be kept.

        Args:
            lists: name of the picture of each query, and of those that were found.
        """
        if self._is_wanted:
            for _, (query, found) in zip(range(_LISTS), lists, strict=False):
                self._pairs |= {(query, other) for other in found[:_PLACES]}
        return {name for pair in self._pairs for name in pair}

    def keep(self, name: Hashable, image: AnyImage | InputError) -> None:
        """Keep a picture that will be drawn; one that has gone in the meantime is not."""
        try:
            opened = as_image(image)
        except InputError:
            return
        small = opened.convert('RGB')
        small.thumbnail((_HEIGHT, _HEIGHT))
        self._kept[name] = self._predictor.read(opened), small

    def drawn(self, query: Hashable, other: Hashable) -> list[str]:
        """Return two pictures as data URLs: what in the query, and what in the other one.

        Nothing if the pair was not chosen, or one of its pictures has gone.
        """
        if (query, other) not in self._pairs or not {query, other} <= self._kept.keys():
            return []
        pair = [self._kept[query], self._kept[other]]
        found = self._predictor.explain_pair(*(tensor for tensor, _ in pair))
        pictures = []
        for (_, small), maps in zip(pair, (found.query_map, found.gallery_map), strict=True):
            # nearly all shares are positive: what stands out is seen against their mean
            values = np.asarray((maps[0] - maps[0].mean()).cpu())
            pictures.append(thumbnail(overlay(small, values)))
        return pictures
