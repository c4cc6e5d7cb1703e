"""Training images: the order and the augmentation of an epoch, and a cache of decoded images.

Cached images are augmented in batches.

Shapes: B images of a batch, N images of the training set, H x W pixels. Until they are normalized,
images are uint8 RGB (B, H, W, 3), the channels-last layout that the network also uses.

Regions whose size or position differs between images are copied by ``torch._foreach_copy_``: one
call for the whole batch is several times faster than masks or index tensors over all pixels.
"""

from midattr_plugin.loading.batch_transform import BatchTransform
from midattr_plugin.loading.cached_images import CachedImages
from midattr_plugin.loading.cached_loader import CachedLoader
from midattr_plugin.loading.epoch_loader import EpochLoader

CACHES = ('none', 'ram', 'device')
"""Where decoded training images are kept; 'none': torchreid's loader decodes them each time."""

__all__ = ['CACHES', 'BatchTransform', 'CachedImages', 'CachedLoader', 'EpochLoader']
