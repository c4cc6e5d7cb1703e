"""Makes the plugin's models, datasets and ranking known to torchreid."""

from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import ATTRIBUTE_DATASETS
from midattr_plugin.datasets.image_file import read_image
from midattr_plugin.errors import InputError
from midattr_plugin.metrics import rank_features
from midattr_plugin.models.zoo import MODELS, add_models
from midattr_plugin.schema import AttributeSchema


def register() -> None:
    """Register every model and dataset of the registries; calling it again changes nothing.

    Call it after you have added a backbone or a dataset of your own; the configuration does so
    after it has imported ``midattr.extensions``.

    Raises:
        InputError: two datasets give their models the same ending.
    """
    add_models(_schemas())
    for name, factory in MODELS.items():
        torchreid_compat.register_model(name, factory)
    for name, dataset in ATTRIBUTE_DATASETS.items():
        torchreid_compat.register_image_dataset(name, dataset)


def use_fast_ranking(enabled: bool = True) -> None:
    """Choose between :func:`midattr_plugin.metrics.rank_features` and torchreid's own ranking.

    The choice holds for every engine of torchreid. Importing this project chooses the former.
    """
    torchreid_compat.set_ranking(rank_features if enabled else None)


def use_own_image_reader() -> None:
    """Let torchreid read image files by :func:`midattr_plugin.read_image`, which names bad ones.

    Importing this project does it: a photo is then upright in every dataset and drawing.
    """
    torchreid_compat.set_image_reader(read_image)


def _schemas() -> dict[str, AttributeSchema]:
    schemas: dict[str, AttributeSchema] = {}
    for name, dataset in ATTRIBUTE_DATASETS.items():
        ending = getattr(dataset, 'model_ending', '')
        if ending in schemas:
            raise InputError(
                f'dataset "{name}": its model_ending "{ending}" is that of another dataset; '
                f'choose one other than {", ".join(schemas)}'
            )
        if ending:
            schemas[ending] = dataset.schema
    return schemas
