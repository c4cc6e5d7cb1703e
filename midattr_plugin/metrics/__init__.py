from midattr_plugin.metrics.attribute_scores import (
    attribute_confusions,
    attribute_scores,
    score_attribute,
)
from midattr_plugin.metrics.chunked_distances import ChunkedDistances
from midattr_plugin.metrics.cmc_map import rank_features

__all__ = [
    'ChunkedDistances',
    'attribute_confusions',
    'attribute_scores',
    'rank_features',
    'score_attribute',
]
