"""Where a model has seen what it says."""

from midattr_plugin.explain.attribute_evidence import Evidence, attribute_evidence

__all__ = ['Evidence', 'attribute_evidence']
