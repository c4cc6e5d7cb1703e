"""Ranked lists of a target: the pictures that torchreid draws, and of images a page beside them."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.ranked_page import Answers, write_test_page
from midattr_plugin.ranked import PAGE


def draw_ranked_lists(
    distances: np.ndarray,
    *,
    target: str,
    loaders: Mapping[str, DataLoader],
    datamanager: Any,
    save_dir: str,
    top: int,
    answers: Callable[[Any, Sequence[int]], Answers],
    by: str,
) -> None:
    """Draw the ranked lists into ``visrank_<target>``.

    Args:
        distances: (Q, G).
        target: name of the dataset.
        loaders: 'query' and 'gallery' of the target.
        datamanager: of torchreid.
        save_dir: folder of the results.
        top: how many gallery images to show for each query.
        answers: see :func:`write_test_page`.
        by: what has ranked.
    """
    folder = os.path.join(save_dir, f'visrank_{target}')
    torchreid_compat.utils.visualize_ranked_results(
        distances,
        datamanager.fetch_test_loaders(target),
        datamanager.data_type,
        width=datamanager.width,
        height=datamanager.height,
        save_dir=folder,
        topk=top,
    )
    if datamanager.data_type == 'image':
        query, gallery = (loaders[split].dataset for split in ('query', 'gallery'))
        write_test_page(Path(folder), distances, query, gallery, top, answers, by)
        print(f'Ranked lists as a page: {Path(folder, PAGE)}')
