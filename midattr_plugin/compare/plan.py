"""Runs of a suite: one per row and seed, each in its own folder.

::

    OUT/suite.json, suite.lock       see folder.py
    OUT/runs/ROW/seed1/run.yaml      the complete configuration
                       output.log    what the run printed
                       done.json     its results, once it is finished
                       query_scores.csv     the same of each query of the test
                       ...           what a training leaves: checkpoints, metrics.json, ...
    OUT/runs/start/seed1/            the start of the suite, if it has one (see start.py)
    OUT/runs/start-BACKBONE/seed1/   the start of a backbone, if each has one
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from yacs.config import CfgNode

from midattr_plugin.attributes_alone import names_table_without_pids
from midattr_plugin.compare.suite import START, Row, Suite
from midattr_plugin.config import load_config
from midattr_plugin.config.entries import COMMAND_LINE, Entry
from midattr_plugin.config.renamed_keys import present_name
from midattr_plugin.config.unread import check_read, unread_keys
from midattr_plugin.engine.query_scores_file import read_query_scores
from midattr_plugin.engine.results import Results
from midattr_plugin.errors import InputError
from midattr_plugin.metrics.query_scores import QueryScores
from midattr_plugin.models import MODELS
from midattr_plugin.models.backbones.timm_models import TIMM

START_SEED = 1
"""Seed of the start, whatever those of the rows: others can be added later."""

_CHECKPOINT = 'model/model.pth.tar-last'


@dataclass(frozen=True, eq=False)  # a configuration cannot be hashed
class Run:
    """A row of a suite, trained with one seed.

    Attributes:
        row: the row.
        seed: the seed.
        folder: of its files.
        cfg: its complete configuration.
    """

    row: Row
    seed: int
    folder: Path
    cfg: CfgNode

    @property
    def done_file(self) -> Path:
        """The results, written once the run is finished and not changed afterwards."""
        return self.folder / 'done.json'

    @property
    def is_done(self) -> bool:
        """Whether the run is finished."""
        return self.done_file.exists()

    @cached_property
    def results(self) -> Results:
        """The results of a finished run, read once.

        Raises:
            InputError: it is not finished, or the file is broken.
        """
        return Results.read(self.done_file)

    @cached_property
    def query_scores(self) -> Mapping[tuple[str, str], QueryScores]:
        """Target and descriptor -> scores of each query of a finished run, read once.

        There are none of a run of an earlier version, which kept no such file.

        Raises:
            InputError: the file is broken, or of another test than the results.
        """
        path = self.folder / 'query_scores.csv'
        if not path.exists():
            return {}
        try:
            return read_query_scores(path, self.results)
        except InputError as error:
            raise InputError(
                f'{error.sentence}: remove "{self.done_file.name}" beside it, and run the suite '
                'again'
            ) from None

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of the last complete epoch, from which the run is resumed."""
        return self.folder / _CHECKPOINT


def run_folder(out: Path, row: str, seed: int) -> Path:
    """Return the folder of the run of a row with a seed."""
    return out / 'runs' / row / f'seed{seed}'


def is_from_start(cfg: CfgNode) -> bool:
    """Return whether a run of a suite starts from the weights of a start of the suite."""
    out = Path(cfg.data.save_dir).parents[2:3]  # none of a folder that is not of a suite
    names = (START, start_name(cfg))
    return bool(out) and cfg.model.load_weights in [_start_weights(out[0], name) for name in names]


def start_name(cfg: CfgNode) -> str:
    """Return the name of the start of a run's backbone."""
    return f'{START}-{backbone_of(cfg)}'


def backbone_of(cfg: CfgNode) -> str:
    """Return the backbone of a model of this project; of another the model's name."""
    if cfg.model.name not in MODELS:
        return cfg.model.name
    backbone = MODELS[cfg.model.name].backbone
    return f'{backbone}-{cfg.midattr.timm_name}' if backbone == TIMM else backbone


def _start_weights(out: Path, name: str = START) -> str:
    return str(run_folder(out, name, START_SEED) / _CHECKPOINT)


def plan_runs(
    suite: Suite, seeds: Sequence[int], out: Path, root: str = '', opts: Sequence = ()
) -> list[Run]:
    """Return all runs of a suite, seed by seed, so that every row has scores early.

    Args:
        suite: the suite.
        seeds: seeds of each row.
        out: folder of the results.
        root: folder of the datasets; '': that of the configurations.
        opts: keys and values for all rows, which override their own.

    Raises:
        InputError: a row's configuration cannot be used; the sentence names row and key.
    """
    _check_not_replaced(opts[::2], COMMAND_LINE)
    runs = [plan_run(suite, row, seed, out, root, opts) for seed in seeds for row in suite.rows]
    _check_read_somewhere(runs, opts)
    _check_claims(suite, runs)
    return runs


def plan_run(
    suite: Suite, row: Row, seed: int, out: Path, root: str = '', opts: Sequence = ()
) -> Run:
    """Return the run of a row, or of the start of a suite, with a seed.

    Args:
        suite: the suite.
        row: the row, or the start.
        seed: the seed.
        out: folder of the results.
        root: folder of the datasets; '': that of the configurations.
        opts: keys and values of the command line.

    Raises:
        InputError: its configuration cannot be used; the sentence names row and key.
    """
    where = f'suite "{suite.name}", row "{row.name}"'
    _check_not_replaced(row.settings, where)
    folder = run_folder(out, row.name, seed)
    settings = dict(row.settings)
    if row not in suite.rows:  # a start, whose own keys are not for the command line
        opts = _without(opts, row.own_keys)
    elif suite.start and 'model.load_weights' not in {*settings, *map(str, opts[::2])}:
        weights = {'model.load_weights': _start_weights(out), 'model.pretrained': False}
        settings = weights | settings
    entries = [Entry(key, value, where) for key, value in settings.items()]
    entries += [
        Entry('train.seed', seed, f'{COMMAND_LINE} (--seeds)'),
        Entry('data.save_dir', str(folder), f'{COMMAND_LINE} (--out)'),
    ]
    try:
        cfg = load_config(row.config, opts, root=root, entries=entries)
        if suite.is_start_per_backbone and is_from_start(cfg):
            cfg.defrost()
            cfg.model.load_weights = _start_weights(out, start_name(cfg))
            cfg.freeze()
        check_read(cfg, row.own_keys, where)
        _check_trains(cfg)
    except InputError as error:
        if error.sentence.startswith((where, COMMAND_LINE)):
            raise
        raise InputError(f'{where}: {error.sentence}') from None
    return Run(row, seed, folder, cfg)


def _without(opts: Sequence, keys: Collection[str]) -> list:
    """Return the pairs of ``opts`` of other keys than ``keys``, by whichever name of a key."""
    present = set(map(present_name, keys))
    pairs = zip(map(str, opts[::2]), opts[1::2], strict=True)
    return [item for pair in pairs if present_name(pair[0]) not in present for item in pair]


def _check_not_replaced(keys: Iterable, where: str) -> None:
    """Refuse keys of which each run has its own value."""
    for key, option in (('train.seed', '--seeds'), ('data.save_dir', '--out')):
        if key in keys:
            raise InputError(f'{where}: {key} of each run comes from {option}; leave it out')


def _check_read_somewhere(runs: Sequence[Run], opts: Sequence) -> None:
    """Refuse keys of the command line that have no effect in any row."""
    unread = [unread_keys(run.cfg) for run in runs if run.seed == runs[0].seed]
    for key in map(present_name, map(str, opts[::2])):
        clauses = [keys[key] for keys in unread if key in keys]
        if len(clauses) == len(unread):
            raise InputError(
                f'{COMMAND_LINE}: {key} has no effect in any row: it is read only if {clauses[0]}; '
                'leave it out'
            )


def _check_claims(suite: Suite, runs: Sequence[Run]) -> None:
    """Refuse claims about descriptors that a row does not have, where that is known."""
    cfgs = {run.row.name: run.cfg for run in runs}
    for claim in suite.claims:
        for comparison in claim.comparisons:
            for name, descriptor in (
                (comparison.row, comparison.descriptor),
                (comparison.over, comparison.over_descriptor),
            ):
                existing = _descriptors(cfgs[name]) if name in cfgs else ()
                if descriptor and existing and descriptor not in existing:
                    raise InputError(
                        f'suite "{suite.name}", claim "{claim.sentence}": row "{name}" has no '
                        f'descriptor "{descriptor}"; choose from {", ".join(existing)}'
                    )


def _descriptors(cfg: CfgNode) -> tuple[str, ...]:
    """Return the descriptors that are tested; () if that depends on torchreid's engine."""
    if cfg.model.name not in MODELS or cfg.loss.name != 'midattr':
        return ()
    branches = tuple(cfg.midattr.branches)
    if cfg.midattr.descriptor != 'fused':
        return (cfg.midattr.descriptor,)
    return ('fused', *branches) if len(branches) > 1 else branches


def _check_trains(cfg: CfgNode) -> None:
    for key, given in (('test.evaluate', cfg.test.evaluate), ('model.resume', cfg.model.resume)):
        if given:
            raise InputError(
                f'{key} is {given}, but the rows of a suite are trained from scratch; leave it out'
            )
    if names_table_without_pids(cfg):
        raise InputError(
            f'midattr.csv.file: table "{cfg.midattr.csv.file}" has no column pid, but a suite '
            'compares how well people are found; add the column, or train with midattr-train'
        )
