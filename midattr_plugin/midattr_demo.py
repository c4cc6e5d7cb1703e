"""Rendered datasets in the layout of Market-1501; small ones are made on first use."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from midattr_plugin.datasets import ATTRIBUTE_DATASETS, Market1501Attr, MatFile
from midattr_plugin.datasets.rendered import RENDERER_VERSION, Recipe
from midattr_plugin.errors import InputError

OTHERS_SEED = 1502
"""Seed of the people, cameras and places of ``midattr_others``."""


@ATTRIBUTE_DATASETS.register('midattr_demo')
class MidAttrDemo(Market1501Attr):
    """Rendered pedestrians with the attributes of Market-1501: for trying, not for results.

    Attributes:
        people: arguments of :func:`~midattr_plugin.rendering.render_demo`, if not its defaults.
    """

    dataset_dir = 'midattr_demo'
    model_ending = ''  # its models are those of Market-1501
    annotations = MatFile('market_attribute.mat')  # not the published file, whose people are others
    how_to_get = 'remove the folder "midattr_demo", and it is rendered again'
    people: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        """Render the images if there are none, or those of another version of the renderer.

        Args:
            dataset_dir: folder of the dataset.
            dataset_url: ignored.

        Raises:
            InputError: the folder cannot be written.
        """
        tree = Path(dataset_dir, 'Market-1501-v15.09.15')
        recipe = Recipe.read(tree)
        outdated = recipe is not None and recipe.version != RENDERER_VERSION
        if outdated or not tree.exists():
            # only rendering needs OpenCV
            from midattr_plugin.rendering import render_demo

            options = dict(self.people)
            if recipe is not None:
                options |= {'seed': recipe.seed, 'difficulty': recipe.difficulty}
            render_demo(Path(dataset_dir), **options)
        super().download_dataset(dataset_dir, dataset_url)

    def find_annotations(self, folder: Path) -> Path:
        """Return the path of the file that was rendered with the images.

        Args:
            folder: folder of the folders of images.

        Raises:
            InputError: it is missing.
        """
        path = folder / self.annotations.name
        if not path.is_file():
            raise InputError(f'annotation file "{path}" is missing; {self.how_to_get}')
        return path


@ATTRIBUTE_DATASETS.register('midattr_others')
class MidAttrOthers(MidAttrDemo):
    """Other rendered pedestrians, seen by other cameras, and more of them.

    A training on them gives weights from which trainings on ``midattr_demo`` or on a rendered twin
    may start, as those on photographs start from ImageNet.
    """

    dataset_dir = 'midattr_others'
    how_to_get = 'remove the folder "midattr_others", and it is rendered again'
    people = MappingProxyType({'seed': OTHERS_SEED, 'num_train': 1000})


@ATTRIBUTE_DATASETS.register('midattr_street')
class MidAttrStreet(MidAttrDemo):
    """Rendered people of every season in many streets, for training what shall work on real people.

    They take minutes to hours, and so are rendered by a command, never on first use.
    """

    dataset_dir = 'midattr_street'
    last_identity = 9999
    num_cameras = 6 * 200  # six in each street
    how_to_get = 'render it with: midattr-render --street 3000 --out <data.root>'

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        """Check that the folder exists.

        Args:
            dataset_dir: folder of the dataset.
            dataset_url: ignored.

        Raises:
            InputError: the folder is missing.
        """
        Market1501Attr.download_dataset(self, dataset_dir, dataset_url)
