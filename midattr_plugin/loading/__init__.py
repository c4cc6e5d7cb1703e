"""Training images that are decoded once, and augmented a whole batch at a time.

Shapes: B images of a batch, N of the training set, H x W pixels. Until they are normalized,
images are uint8 RGB (B, H, W, 3): the layout in which the network reads them, too.

What differs in size or place from image to image is copied by ``torch._foreach_copy_``: one call
for the whole batch, several times as fast as masks or index tensors of all its pixels.
"""

from midattr_plugin.loading.batch_transform import BatchTransform
from midattr_plugin.loading.cached_images import CachedImages
from midattr_plugin.loading.cached_loader import CachedLoader

CACHES = ('none', 'ram', 'device')
"""Where decoded training images are kept; 'none': torchreid's loader decodes them each time."""

__all__ = ['CACHES', 'BatchTransform', 'CachedImages', 'CachedLoader']
