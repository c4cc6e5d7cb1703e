"""The host's own engines with our checkpoints and ``metrics.json``.

The baselines train and are evaluated by the host's code; only what is kept of it differs.
"""

from midattr_plugin import host
from midattr_plugin.engine.checkpointing import CheckpointMixin
from midattr_plugin.engine.evaluation import EvaluationMixin


class CheckpointedImageSoftmaxEngine(CheckpointMixin, EvaluationMixin, host.ImageSoftmaxEngine):
    pass


class CheckpointedImageTripletEngine(CheckpointMixin, EvaluationMixin, host.ImageTripletEngine):
    pass


class CheckpointedVideoSoftmaxEngine(CheckpointMixin, EvaluationMixin, host.VideoSoftmaxEngine):
    pass


class CheckpointedVideoTripletEngine(CheckpointMixin, EvaluationMixin, host.VideoTripletEngine):
    pass
