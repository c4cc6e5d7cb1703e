"""The weights that come with the package, and small checkpoints like it."""

from midattr_plugin.weights.packaged import packaged_card, packaged_weights
from midattr_plugin.weights.slim import slim_checkpoint

__all__ = ['packaged_card', 'packaged_weights', 'slim_checkpoint']
