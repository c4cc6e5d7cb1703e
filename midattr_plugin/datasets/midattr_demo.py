"""A small rendered dataset in the layout of Market-1501, made on first use."""

from pathlib import Path

from midattr_plugin.datasets.market1501_attr import Market1501Attr


class MidAttrDemo(Market1501Attr):
    """Rendered pedestrians with the attributes of Market-1501: for trying, not for results."""

    dataset_dir = 'midattr_demo'
    annotation_file = ''  # always beside the images, whatever Market-1501's is set to

    def download_dataset(self, dataset_dir: str, dataset_url: str | None) -> None:
        # imported here, so that OpenCV's drawing code is loaded only where something is drawn
        from midattr_plugin.demo import render_demo
        render_demo(Path(dataset_dir))
