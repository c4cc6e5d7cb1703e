"""Where a model has seen what it says."""

from midattr_plugin.explain.attribute_evidence import Evidence, attribute_evidence
from midattr_plugin.explain.pair_similarity import PairSimilarity, pair_similarity

__all__ = ['Evidence', 'PairSimilarity', 'attribute_evidence', 'pair_similarity']
