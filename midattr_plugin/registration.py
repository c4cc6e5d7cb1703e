"""Makes the plugin's models and datasets known to the host."""

from midattr_plugin import host
from midattr_plugin.datasets import DATASETS
from midattr_plugin.models.zoo import MODELS


def register() -> None:
    """Registers every model and dataset of the plugin; calling it again changes nothing."""
    for name, factory in MODELS.items():
        host.register_model(name, factory)
    for name, dataset in DATASETS.items():
        host.register_image_dataset(name, dataset)
