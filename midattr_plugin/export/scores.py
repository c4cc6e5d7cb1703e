"""Test of a predictor on a dataset: mAP, rank-1 and attributes, with the metrics of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm
from yacs.config import CfgNode

from midattr_plugin.build_data import build_datamanager
from midattr_plugin.config.switched_off import check_off
from midattr_plugin.datasets.rendered import is_rendered
from midattr_plugin.engine.attribute_recorder import AttributeRecorder
from midattr_plugin.metrics import distance_blocks, rank_blocks
from midattr_plugin.predict.image_predictor import ImagePredictor

_COLUMNS = {'mAP': 'mAP', 'rank-1': 'rank1', 'mA': 'mA'}
_OFF = {
    'test.rerank': False,
    'midattr.test_flip': False,
    'midattr.query_expansion': 0,
    'cuhk03.use_metric_cuhk03': False,
}
_MEMORY = 2**28  # bytes of distances at a time


@dataclass(frozen=True)
class Scores:
    """Scores on a target, fractions.

    Attributes:
        mAP: mean average precision; None of a model of attributes alone.
        rank1: rank-1; likewise.
        mA: of the binary view of the attributes, over the gallery; None without labels.
    """

    mAP: float | None
    rank1: float | None
    mA: float | None


def targets_of(cfg: CfgNode) -> dict[str, tuple[Any, Any]]:
    """Return target -> datasets of its queries and its gallery.

    Args:
        cfg: a configuration with ``test.evaluate True``.

    Raises:
        InputError: the files of a dataset cannot be used.
    """
    loaders = build_datamanager(cfg).test_loader
    return {
        target: (splits['query'].dataset, splits['gallery'].dataset)
        for target, splits in loaders.items()
    }


def score(
    predictor: ImagePredictor,
    query: Any,
    gallery: Any,
    metric: str = 'euclidean',
    is_normalized: bool = False,
) -> Scores:
    """Test a predictor on a target.

    Args:
        predictor: of PyTorch or of an exported file.
        query: the dataset of torchreid.
        gallery: likewise.
        metric: distance between descriptors, 'euclidean' or 'cosine'.
        is_normalized: whether their length is made 1 before.

    Raises:
        InputError: an image cannot be read.
    """
    recorder = AttributeRecorder(
        predictor.schema,
        getattr(gallery, 'schema', None),
        getattr(gallery, 'marks_by_path', {}),
    )
    found, g_pids, g_camids = _extract(predictor, gallery, recorder)
    binary = recorder.measure(len(gallery.data))['binary']
    mA = binary['mean']['mA'] if binary else None
    if not found.shape[1]:
        return Scores(None, None, mA)
    queries, q_pids, q_camids = _extract(predictor, query, None)
    if is_normalized:
        queries, found = functional.normalize(queries), functional.normalize(found)
    blocks = distance_blocks(queries, found, metric, _MEMORY)
    cmc, ranked = rank_blocks(blocks, q_pids, g_pids, q_camids, g_camids)
    return Scores(float(ranked.mAP), float(cmc[0]), mA)


def _extract(
    predictor: ImagePredictor, dataset: Any, recorder: AttributeRecorder | None
) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Return descriptors (N, D), pids (N,) and camids (N,); record what is said of attributes."""
    paths, pids, camids = ([item[column] for item in dataset.data] for column in range(3))
    descriptors, done = [], 0
    bar = tqdm(total=len(paths), desc=dataset.mode, unit='image', leave=False)
    for prediction in predictor.batches(paths):
        rows = range(done, done + len(prediction))
        descriptors.append(prediction.descriptors)
        if recorder is not None and recorder.source is not None:
            recorder.add_batch(
                {
                    'attrs': torch.stack([dataset.labels(paths[row]) for row in rows]),
                    'pid': torch.tensor([pids[row] for row in rows]),
                    'impath': [paths[row] for row in rows],
                }
            )
            recorder.add_output(
                {
                    # whose softmax they are again
                    name: torch.from_numpy(values).log()
                    for name, values in prediction.probabilities.items()
                }
            )
        done += len(prediction)
        bar.update(len(prediction))
    bar.close()
    return torch.from_numpy(np.concatenate(descriptors)), np.array(pids), np.array(camids)


def scores_by_target(
    predictors: Mapping[str, ImagePredictor], cfg: CfgNode
) -> dict[str, dict[str, Scores]]:
    """Return target -> name of a predictor -> its scores; rendered images are called so.

    Args:
        predictors: by name.
        cfg: see :func:`targets_of`.

    Raises:
        InputError: a key asks for another ranking than this one.
    """
    check_off(cfg, _OFF, 'exported files are tested without it')
    return {
        _titled(target, gallery): {
            name: score(predictor, query, gallery, cfg.test.dist_metric, cfg.test.normalize_feature)
            for name, predictor in predictors.items()
        }
        for target, (query, gallery) in targets_of(cfg).items()
    }


def _titled(target: str, gallery: Any) -> str:
    return f'{target} (rendered images)' if is_rendered(gallery) else target


def score_table(scores: Mapping[str, Mapping[str, Scores]]) -> str:
    """Return a table for the console, with differences to the first predictor in points.

    Args:
        scores: see :func:`scores_by_target`.
    """
    lines = []
    for target, by_name in scores.items():
        width = max(map(len, [target, *by_name]))
        lines.append(f'{target:<{width}}' + ''.join(f'{name:>16}' for name in _COLUMNS))
        first = next(iter(by_name.values()))
        for name, values in by_name.items():
            cells = [
                _cell(getattr(values, field), getattr(first, field), values is first)
                for field in _COLUMNS.values()
            ]
            lines.append(f'{name:<{width}}' + ''.join(f'{cell:>16}' for cell in cells))
    return '\n'.join(lines)


def _cell(value: float | None, first: float | None, is_first: bool) -> str:
    if value is None or first is None:
        return '-'
    return f'{value:.1%}' if is_first else f'{value:.1%} ({100 * (value - first):+.2f})'
