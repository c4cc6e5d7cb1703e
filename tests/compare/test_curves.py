"""Training curves read from TensorBoard events."""

from torch.utils.tensorboard import SummaryWriter

from helpers.fake_runs import write_curves, write_runs
from midattr_plugin.compare.curves import (
    LOSS,
    MAP,
    RATE,
    TIME,
    curves_of_runs,
    rates_of_rows,
    read_curves,
)


def test_resumed_curve(tmp_path):
    write_curves(tmp_path)
    with SummaryWriter(str(tmp_path), filename_suffix='.resumed') as writer:
        writer.add_scalar('Train/loss', 9.0, 3)
        writer.add_scalar('Train/loss', 8.0, 4)
    assert read_curves(tmp_path, ('Train/loss', 'Train/none')) == {
        'Train/loss': {0: 3, 1: 2.5, 2: 2, 3: 9, 4: 8},
        'Train/none': {},
    }


def test_engine_that_logs_no_total_loss(tmp_path):
    _, runs, _ = write_runs(tmp_path, unfinished=[('plain', 2)])
    with SummaryWriter(str(runs[0].folder)) as writer:
        writer.add_scalar('Train/loss_t', 2.0, 1)
    for run in runs[1:]:
        write_curves(run.folder)
    curves = curves_of_runs(runs)
    assert list(curves) == [run for run in runs if (run.row.name, run.seed) != ('plain', 2)]
    assert curves[runs[0]] == {LOSS: {1: 2}, TIME: {}, MAP: {}, RATE: {}}
    assert curves[runs[1]][LOSS] == {0: 3, 1: 2.5, 2: 2, 3: 1.5}


def test_tests_are_given_by_epoch_and_in_percent(tmp_path):
    """torchreid counts epochs from 0; the first target's mAP counts."""
    _, runs, _ = write_runs(tmp_path)
    with SummaryWriter(str(runs[0].folder)) as writer:
        for epoch, mAP in ((0, 0.25), (1, 0.5)):
            writer.add_scalar(f'Test/{runs[0].cfg.data.targets[0]}/mAP', mAP, epoch)
            writer.add_scalar('Test/other/mAP', 0.75, epoch)
    assert curves_of_runs(runs)[runs[0]][MAP] == {1: 25, 2: 50}


def test_rates_are_medians_of_all_tests_of_a_row(tmp_path):
    """Other runs beside it, and a GPU that warms up, slow single tests down."""
    _, runs, _ = write_runs(tmp_path, seeds=(1, 2))
    rates = {('plain', 1): (10, 100), ('plain', 2): (110,), ('more', 1): (40, 60)}
    for run in runs:
        with SummaryWriter(str(run.folder)) as writer:
            for epoch, rate in enumerate(rates.get((run.row.name, run.seed), ())):
                target = run.cfg.data.targets[0]
                writer.add_scalar(f'Test/{target}/images_per_second', rate, epoch)
    assert rates_of_rows(curves_of_runs(runs)) == {'plain': 100, 'more': 50}
    assert rates_of_rows({}) == {}
