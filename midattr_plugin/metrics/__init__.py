from midattr_plugin.metrics.attribute_scores import attribute_scores, score_attribute

__all__ = ['attribute_scores', 'score_attribute']
