"""TensorBoard's scalars of a training, written where a line is printed, in every engine."""

import pytest

from helpers.fake_market import write_market_tree
from helpers.tiny_run import arguments
from midattr_plugin.compare.curves import read_curves
from midattr_plugin.engine.printed_scalars import PrintedScalars
from midattr_plugin.train import main


class Writer(list):
    def add_scalar(self, *values):
        self.append(values)


@pytest.mark.parametrize(
    'num_steps, written', [(7, [0, 2, 5, 6]), (6, [0, 2, 5]), (2, [0, 1]), (0, [])]
)
def test_printed_steps_and_the_last_one(num_steps, written):
    writer, step = Writer(), -1
    printed = PrintedScalars(writer, lambda: step in (2, 5))
    for step in range(num_steps):
        printed.add_scalar('loss', step / 10, 100 + step)
        if step == 0:
            printed.write_last()  # an epoch of one step
    printed.write_last()
    printed.write_last()
    assert writer == [('loss', step / 10, 100 + step) for step in written]


@pytest.mark.parametrize(
    'pairs, tags',
    [
        ([], ['Train/loss', 'Train/loss_hat', 'Train/acc_global', 'Train/lr', 'Train/time']),
        (['model.name', 'resnet18', 'loss.name', 'softmax'], ['Train/loss', 'Train/lr']),
    ],
)
def test_a_run(tmp_path, pairs, tags):
    """Epochs of 4 batches with lines after every third: batches 3 and 4 of each."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3))
    assert main(arguments(tmp_path, *pairs, 'train.print_freq', 3)) == 0
    curves = read_curves(tmp_path / 'log', [*tags, 'Test/market1501_attr/mAP'])
    assert [list(curves[tag]) for tag in tags] == [[2, 3, 6, 7]] * len(tags)
    assert len(curves['Test/market1501_attr/mAP']) == 1  # which is not of a step
