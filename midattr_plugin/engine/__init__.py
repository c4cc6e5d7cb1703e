from midattr_plugin.engine.image_midattr import ImageMidAttrEngine
from midattr_plugin.engine.torchreid_engines import (
    TrackedImageSoftmaxEngine,
    TrackedImageTripletEngine,
    TrackedVideoSoftmaxEngine,
    TrackedVideoTripletEngine,
)

__all__ = [
    'TrackedImageSoftmaxEngine',
    'TrackedImageTripletEngine',
    'TrackedVideoSoftmaxEngine',
    'TrackedVideoTripletEngine',
    'ImageMidAttrEngine',
]
