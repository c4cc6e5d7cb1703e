"""The checkpoint of a training of one epoch on noise."""

from pathlib import Path

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.train import main


def train_tiny(folder: Path) -> Path:
    """Train in a folder, and return the checkpoint."""
    write_market_tree(folder, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    assert main(arguments(folder, 'train.max_epoch', 1)) == 0
    return folder / 'log/model/model.pth.tar-last'
