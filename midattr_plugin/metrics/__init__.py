"""Scores of rankings and of attributes."""

from midattr_plugin.metrics.attribute_floor import attribute_floors
from midattr_plugin.metrics.attribute_scores import (
    attribute_confusions,
    attribute_scores,
    score_attribute,
)
from midattr_plugin.metrics.binary_scores import binary_scores
from midattr_plugin.metrics.chunked_distances import DISTANCES, distance_blocks
from midattr_plugin.metrics.cmc_map import rank_blocks, rank_features
from midattr_plugin.metrics.query_expansion import expand_queries
from midattr_plugin.metrics.query_scores import QueryScores
from midattr_plugin.metrics.reranking import reranked_blocks

__all__ = [
    'DISTANCES',
    'QueryScores',
    'attribute_confusions',
    'attribute_floors',
    'attribute_scores',
    'binary_scores',
    'distance_blocks',
    'expand_queries',
    'rank_blocks',
    'rank_features',
    'reranked_blocks',
    'score_attribute',
]
