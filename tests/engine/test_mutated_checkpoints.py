"""Damaged checkpoints."""

import torch

from helpers.fake_market import write_market_tree
from helpers.mutations import check_mutations, mutated_bytes, mutated_value
from helpers.tiny_run import arguments
from midattr_plugin import load_model
from midattr_plugin.config import parse_config
from midattr_plugin.train import run

PAIRS = ('train.max_epoch', 2, 'train.lr_scheduler', 'cosine', 'midattr.warmup_epochs', 1)


def trained(folder):
    """Return the path of a checkpoint after the first of two epochs."""
    write_market_tree(folder, train_ids=(2, 7), test_ids=(1, 3), shots=1)
    run(parse_config(arguments(folder, *PAIRS, 'test.eval_freq', 1)))
    return folder / 'log/model/model.pth.tar-1'


def test_damaged_checkpoints(tmp_path, mutations):
    path = trained(tmp_path)
    data, content = path.read_bytes(), torch.load(path, weights_only=True)

    def write(random, target):
        kind = random.randrange(4)
        if kind == 0:
            target.write_bytes(mutated_bytes(data, random))
        elif kind == 1:  # the zip file ends with its table of contents
            target.write_bytes(data[:-2000] + mutated_bytes(data[-2000:], random))
        else:
            torch.save(mutated_value(content, random), target)

    def resume(path):
        pairs = (*PAIRS, 'model.resume', path, 'data.save_dir', tmp_path / 'resumed')
        run(parse_config(arguments(tmp_path, *pairs)))

    def start_from(path):
        pairs = (*PAIRS, 'model.load_weights', path, 'test.evaluate', True)
        run(parse_config(arguments(tmp_path, *pairs, 'midattr.untrained', True)))

    resume(path)
    damaged = tmp_path / 'damaged'
    for use in (resume, start_from, load_model):
        damaged.write_bytes(data)
        check_mutations(mutations, write, use, damaged)
