"""A small rendered dataset in the layout of Market-1501, made on first use."""

from pathlib import Path

from midattr_plugin.datasets.market1501_attr import Market1501Attr
from midattr_plugin.errors import InputError


class MidAttrDemo(Market1501Attr):
    """Rendered pedestrians with the attributes of Market-1501: for trying, not for results."""

    dataset_dir = 'midattr_demo'
    annotation_file = ''  # Market1501Attr's is not about these people
    how_to_get = 'remove the folder "midattr_demo", and it is rendered again'

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        """Renders the images if there are none.

        Raises:
            InputError: the folder cannot be written.
        """
        if not Path(dataset_dir, 'Market-1501-v15.09.15').exists():
            # drawing needs OpenCV, which nothing else does
            from midattr_plugin.rendering import render_demo

            render_demo(Path(dataset_dir))
        super().download_dataset(dataset_dir, dataset_url)

    def find_annotations(self, folder: Path) -> Path:
        """The rendered people's file; the published one is not about them.

        Raises:
            InputError: it is missing.
        """
        path = folder / f'{self.schema.mat_name}.mat'
        if not path.is_file():
            raise InputError(f'annotation file "{path}" is missing; {self.how_to_get}')
        return path
