"""torchreid's own engines with our checkpoints and ``metrics.json``.

The baselines train and are evaluated by torchreid's code; only what is kept of it differs.
"""

from midattr_plugin import torchreid_compat
from midattr_plugin.engine.checkpoint_mixin import CheckpointMixin
from midattr_plugin.engine.evaluation import EvaluationMixin
from midattr_plugin.engine.replicated import ReplicatedTorchreidMixin


class ReidEngineMixins(CheckpointMixin, EvaluationMixin, ReplicatedTorchreidMixin):
    pass


class TrackedImageSoftmaxEngine(ReidEngineMixins, torchreid_compat.ImageSoftmaxEngine):
    pass


class TrackedImageTripletEngine(ReidEngineMixins, torchreid_compat.ImageTripletEngine):
    pass


class TrackedVideoSoftmaxEngine(ReidEngineMixins, torchreid_compat.VideoSoftmaxEngine):
    pass


class TrackedVideoTripletEngine(ReidEngineMixins, torchreid_compat.VideoTripletEngine):
    pass
