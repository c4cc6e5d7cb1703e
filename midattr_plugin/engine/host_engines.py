"""The host's own engines with our checkpoints and ``metrics.json``.

The baselines train and are evaluated by the host's code; only what is kept of it differs.
"""

from midattr_plugin import host
from midattr_plugin.engine.checkpointing import CheckpointMixin
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.replicated import ReplicatedHostMixin


class _Kept(CheckpointMixin, EvaluationMixin, ReplicatedHostMixin):
    pass


class CheckpointedImageSoftmaxEngine(_Kept, host.ImageSoftmaxEngine):
    pass


class CheckpointedImageTripletEngine(_Kept, host.ImageTripletEngine):
    pass


class CheckpointedVideoSoftmaxEngine(_Kept, host.VideoSoftmaxEngine):
    pass


class CheckpointedVideoTripletEngine(_Kept, host.VideoTripletEngine):
    pass
