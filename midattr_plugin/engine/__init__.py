from midattr_plugin.engine.host_engines import (
    CheckpointedImageSoftmaxEngine,
    CheckpointedImageTripletEngine,
    CheckpointedVideoSoftmaxEngine,
    CheckpointedVideoTripletEngine,
)
from midattr_plugin.engine.image_midattr import ImageMidAttrEngine

__all__ = [
    'CheckpointedImageSoftmaxEngine',
    'CheckpointedImageTripletEngine',
    'CheckpointedVideoSoftmaxEngine',
    'CheckpointedVideoTripletEngine',
    'ImageMidAttrEngine',
]
