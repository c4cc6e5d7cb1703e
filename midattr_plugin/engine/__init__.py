"""Training step, evaluation, checkpoints."""

from midattr_plugin.engine.image_midattr import ImageMidAttrEngine
from midattr_plugin.engine.measurements import MEASUREMENTS
from midattr_plugin.engine.results import Results
from midattr_plugin.engine.torchreid_engines import (
    TrackedImageSoftmaxEngine,
    TrackedImageTripletEngine,
    TrackedVideoSoftmaxEngine,
    TrackedVideoTripletEngine,
)

ENGINES = {
    ('softmax', 'image'): TrackedImageSoftmaxEngine,
    ('softmax', 'video'): TrackedVideoSoftmaxEngine,
    ('triplet', 'image'): TrackedImageTripletEngine,
    ('triplet', 'video'): TrackedVideoTripletEngine,
    ('midattr', 'image'): ImageMidAttrEngine,
}
"""(``loss.name``, ``data.type``) -> engine."""

ENGINE_NAMES = tuple(dict.fromkeys(name for name, _ in ENGINES))

__all__ = [
    'ENGINES',
    'ENGINE_NAMES',
    'MEASUREMENTS',
    'ImageMidAttrEngine',
    'Results',
    'TrackedImageSoftmaxEngine',
    'TrackedImageTripletEngine',
    'TrackedVideoSoftmaxEngine',
    'TrackedVideoTripletEngine',
]
