"""Makes the plugin's models, datasets and ranking known to torchreid."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import DATASETS
from midattr_plugin.metrics import rank_features
from midattr_plugin.models.zoo import MODELS


def register() -> None:
    """Registers every model and dataset of the plugin; calling it again changes nothing.

    From then on torchreid ranks by :func:`midattr_plugin.metrics.rank_features`, whichever
    engine asks.
    """
    for name, factory in MODELS.items():
        torchreid_compat.register_model(name, factory)
    for name, dataset in DATASETS.items():
        torchreid_compat.register_image_dataset(name, dataset)
    use_fast_ranking()


def use_fast_ranking(enabled: bool = True) -> None:
    """Switches between the ranking of this project and torchreid's own."""
    torchreid_compat.set_ranking(rank_features if enabled else None)
