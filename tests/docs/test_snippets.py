"""Every command and snippet of README, CONTRIBUTING and docs/, run on noise images.

The blocks of a page run in order in one folder, so that a command finds what those before it left.
Commands are taken exactly as they are written, and made smaller by ``key value`` pairs behind them;
ResNets are replaced by a tiny backbone. A block of a kind that is not known here fails.
"""

import contextlib
import fnmatch
import importlib.util
import io
import itertools
import json
import re
import runpy
import shlex
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from torch.torch_version import TorchVersion

import midattr_plugin
from helpers.fake_market import write_duke_tree, write_image, write_market_tree
from helpers.fake_runs import finish, made_up_results
from helpers.moving_boxes import BOXES, write_video
from helpers.pages import SNIPPET_PAGES, blocks, page_id, prose
from helpers.paths import PROJECT
from helpers.registries import restored_registries
from midattr_plugin import benchmark, compare, export, predict, rendering, train
from midattr_plugin.compare import cli as compare_cli
from midattr_plugin.compare import grid
from midattr_plugin.compare.report import write_report
from midattr_plugin.compare.suite import load_suite
from midattr_plugin.config import load_config, parse_config
from midattr_plugin.datasets.rendered import MARKER
from midattr_plugin.export.onnx_graph import OLDEST_PYTORCH
from midattr_plugin.midattr_demo import MidAttrOthers
from midattr_plugin.models import MODELS
from midattr_plugin.rendering import render
from midattr_plugin.rendering.plan import Sizes
from midattr_plugin.tables import cli as tables_cli
from midattr_plugin.tables import read_schema, read_table

_TRAIN_IDS, _TEST_IDS = (2, 7, 10, 11), (1, 3, 5)
_ANNOTATIONS = Path('reid-data/market1501/Market-1501-v15.09.15/market_attribute.mat')
_SMALLER_SUITE = '--seeds 1 use_gpu False data.workers 0 train.batch_size 8'.split()
_SMALLER_BENCHMARK = (
    '--height 32 --width 16 --batch-size 2 --workers 0 --turns 1 --parts loading'
).split()
_SMALLER_SNIPPETS = {
    'midattr_resnet50': 'midattr_tiny',
    "sources='market1501_attr'": "sources='market1501_attr', batch_size_train=8, workers=0",
    'max_epoch=62': 'max_epoch=1',
}
_NUMBER = re.compile(r'\d+(\.\d+)?')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """A data root with all datasets that the pages name."""
    root = tmp_path_factory.mktemp('data')
    for folder, is_annotated in (('market1501', True), ('midattr_demo', True), ('street', False)):
        tree = write_market_tree(root, _TRAIN_IDS, _TEST_IDS, folder=folder, annotated=is_annotated)
    (root / 'midattr_demo' / tree.name / MARKER).touch()
    write_duke_tree(root)
    return root


@pytest.fixture
def folder(data, tmp_path, monkeypatch):
    """The working folder of a page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path('reid-data').symlink_to(data)
    write_image(Path('person.jpg'), size=(64, 128))
    _write_own_images()
    Path('market_attribute.mat').write_bytes(_ANNOTATIONS.read_bytes())
    monkeypatch.setattr(compare_cli, 'execute', _made_up_runs)
    monkeypatch.setattr(compare_cli, 'write_report', _report)
    monkeypatch.setattr(grid, 'VALIDATION_IMAGES', 4)
    monkeypatch.setattr(render, 'DEMO_TRAIN_PIDS', 12)
    monkeypatch.setattr(render, 'DEMO_TEST_PIDS', 6)
    monkeypatch.setattr(MidAttrOthers, 'people', {})  # as few
    monkeypatch.setattr(render, 'DEMO_SIZES', Sizes(60, 12, 30, 4, 4))
    with restored_registries(tmp_path):
        midattr_plugin.register()
        yield tmp_path
    midattr_plugin.use_fast_ranking()


@pytest.mark.parametrize('page', SNIPPET_PAGES, ids=page_id)
def test_page(page, folder):
    if page.name == 'export.md' and TorchVersion(torch.__version__) < OLDEST_PYTORCH:
        pytest.skip(f'an export needs PyTorch {OLDEST_PYTORCH} or later')
    runner = _Page()
    for block in blocks(page):
        try:
            runner.run(block)
        except (Exception, SystemExit):
            print(f'{runner.printed[-3000:]}\nin {page_id(page)}, line {block.line}:\n{block.text}')
            raise


def test_common_changes(folder):
    """Each cell of the table behind 'Append to', one after the other."""
    [page] = [page for page in SNIPPET_PAGES if page.name == 'configuration.md']
    command, table = re.search(
        r'^Append to `(.+?)`:\n\n\| to \| append \|\n\|---\|---\|\n((?:\|.*\n)+)', prose(page), re.M
    ).groups()
    runner = _Page()
    runner.shell(command)
    cells = [line.split(' | ')[1] for line in table.splitlines()]
    changes = [change for cell in cells for change in re.findall('`(.+?)`', cell)]
    assert len(changes) > len(cells) > 15
    for change in changes:
        runner.shell(f'{command} {change}')


def test_files_of_a_run(folder):
    """Those that docs/outputs.md lists, no more and no less."""
    [page] = [page for page in SNIPPET_PAGES if page.name == 'outputs.md']
    runner = _Page()
    runner.run(blocks(page)[0])
    table = re.search(r'\| file \| content \|\n\|---\|---\|\n((?:\|.*\n)+)', prose(page))[1]
    patterns = [re.sub('<.*?>', '[0-9]*', name) for name in re.findall(r'^\| `(.+?)`', table, re.M)]
    log = Path('log/midattr_demo')
    files = {str(path.relative_to(log)) for path in log.rglob('*') if path.is_file()}
    matched = [set(fnmatch.filter(files, pattern)) for pattern in patterns]
    assert all(matched) and files == set().union(*matched)


class _Page:
    """Runs the blocks of a page; what they printed is kept."""

    def __init__(self):
        self.namespace = {'__name__': '__main__'}
        self.printed = ''

    def run(self, block):
        handler = {
            'bash': self.shell,
            'bibtex': _check_citation,
            'csv': _check_table,
            'json': self.json,
            'python': self.python,
            'text': self.output,
            'yaml': self.yaml,
        }.get(block.language)
        assert handler, f'blocks of "{block.language}" are not tested'
        if block.file_name:
            Path(block.file_name).write_text(block.text.replace("'resnet50'", "'tiny'"))
            if block.language == 'python':  # it is run by the command that names it
                compile(block.text, block.file_name, 'exec')
                return
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                handler(block.file_name or block.text)
            finally:
                self.printed += out.getvalue()

    def python(self, text):
        for written, small in _SMALLER_SNIPPETS.items():
            text = text.replace(written, small)
        text = re.sub(r"load_config\('(.+?)', \[", self._smaller_config, text)
        exec(compile(text, 'snippet', 'exec'), self.namespace)

    def _smaller_config(self, call):
        self.namespace['smaller'] = _smaller(['--config-file', call[1]])
        return f'{call[0]}*smaller, '

    def output(self, text):
        """Every line was printed before, but for its numbers."""
        printed = {_NUMBER.sub('#', line) for line in self.printed.splitlines()}
        for line in text.splitlines():
            assert _NUMBER.sub('#', line) in printed, f'nothing printed "{line}"'

    def json(self, text):
        content = json.loads(text)
        if 'format_version' in content:
            assert midattr_plugin.Results.from_dict(content).as_dict() == content
            return
        # labels of people: as many as the images show
        people = itertools.cycle(content.values())
        labels = {f'{pid:04d}': next(people) for pid in (*_TRAIN_IDS, *_TEST_IDS)}
        Path('reid-data/street/street.json').write_text(json.dumps(labels))

    def yaml(self, name):
        content = yaml.safe_load(Path(name).read_text())
        if {'rows', 'rows_of'} & set(content):
            load_suite(name)
        elif all('classes' in value for value in content.values()):
            read_schema(name, read_table('example.csv'), 'example')
        else:
            load_config(name)

    def shell(self, text):
        for command in re.split(r'\n|&&', text.replace('\\\n', ' ')):
            words = shlex.split(command, comments=True)
            if words:
                handler = _COMMANDS.get(words[0])
                assert handler, f'the command {words[0]} is not tested'
                handler(words[1:])


def _write_own_images():
    """What a reader of docs/own_images.md has: crops of people, and a video with boxes."""
    for number, (person, camera) in enumerate(itertools.product('abcdefgh', ('door', 'yard'))):
        for shot in range(2):
            path = Path('crops', person, camera, f'{shot}.jpg')
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, seed=2 * number + shot)
    write_video(Path('video.avi'))
    Path('tracks.txt').write_text(BOXES)
    Path('labels.csv').write_text('track,pid,hat\n1,ann,no\n2,ann,no\n')
    for name in ('a.jpg', 'b.jpg'):
        write_image(Path(name))


def _made_up_runs(runs, devices, keep_checkpoints=False):
    """Takes the place of the processes that train the runs of a suite."""
    for run in runs:
        if keep_checkpoints:
            run.checkpoint.parent.mkdir(parents=True, exist_ok=True)
            run.checkpoint.touch()
        results = made_up_results(0.4, 0.7, target=run.cfg.data.targets[0])
        results.extra['validation'] = {
            f'{score}_{branch}': value
            for score, value in (('acc', 0.5), ('loss', 1.0))
            for branch in ('global', 'local')
        }
        run.folder.mkdir(parents=True, exist_ok=True)
        finish(run, results)
    return {}


def _report(suite, runs, *args):
    """The report of a small suite; the plots of a large one take seconds."""
    return write_report(suite, runs, *args) if len(suite.rows) < 4 else []


def _ends_well(call, *args):
    """The command ends with the status 0, also by ``--help`` or ``--keys``."""
    try:
        status = call(*args)
    except SystemExit as error:
        status = error.code
    assert status in (None, 0), f'exit status {status}'


def _smaller(words):
    """``key value`` pairs that make a run of the command line ``words`` small."""
    cfg = parse_config(words)
    pairs = {
        'use_gpu': False,
        'model.name': _tiny_model(cfg.model.name),
        'model.pretrained': False,
        # smaller, and PyTorch reads memory of before in convolutions of maps of 2 x 1 in bf16
        'data.height': 64,
        'data.width': 32,
        'data.workers': 0,
        'train.max_epoch': 1,
        'train.batch_size': 8,
        'test.batch_size': 20,
        'midattr.weights_file': '',  # nothing is pretrained
        'midattr.freeze_bn': False,
        'midattr.compile': False,
    }
    if cfg.model.name in MODELS and 'local' in cfg.midattr.branches:
        pairs['midattr.part_dim'] = 4
    if cfg.midattr.warmup_epochs:
        pairs |= {'midattr.warmup_epochs': 1, 'train.max_epoch': 2}
    if cfg.midattr.flat_epochs:
        pairs |= {'midattr.flat_epochs': 1, 'train.max_epoch': 2}
    if cfg.midattr.validation_images:
        pairs['midattr.validation_images'] = 4
    if cfg.midattr.validation_identities:
        pairs['midattr.validation_identities'] = 2
    for name, path in cfg.midattr.annotations.items():
        if path:
            pairs[f'midattr.annotations.{name}'] = _ANNOTATIONS
    return [str(word) for pair in pairs.items() for word in pair]


def _tiny_model(name):
    if name == 'resnet50':
        return 'resnet18'
    tiny = re.sub(r'resnet\d+', 'tiny', name)
    return tiny if tiny in MODELS else name


def _train(words):
    if {'--help', '--keys'} & set(words):
        _ends_well(train.main, words)
    else:
        _ends_well(train.main, [*words, *_smaller(words)])


def _torchrun(words):
    """As one process: the options are those of torchrun, and what it starts is a command."""
    from torch.distributed.run import get_args_parser

    options = get_args_parser().parse_args(words)
    assert options.no_python and options.training_script == 'midattr-train'
    _train(options.training_script_args)


def _compare(words):
    _ends_well(compare.main, [*words, *_SMALLER_SUITE])


def _benchmark(words):
    _ends_well(benchmark.main, [*words, *_SMALLER_BENCHMARK])


def _render(words):
    _ends_well(rendering.main, [*words, '--workers', '1'])


def _python(words):
    """A file of the page, or a script of the project; ``-m venv`` is Python's own."""
    if words[0] == '-m':
        assert importlib.util.find_spec(words[1])
    elif Path(words[0]).exists():
        argv = sys.argv
        sys.argv = [*words, *_smaller(words[1:])]
        try:
            _ends_well(runpy.run_path, words[0], None, '__main__')
        finally:
            sys.argv = argv
    else:
        assert (PROJECT / words[0]).is_file()


def _pip(words):
    """Only ``pip install`` of this project, with extras that exist."""
    assert words[0] == 'install' and set(words[1:-1]) <= {'-e'}
    extra = re.fullmatch(r'\.(?:\[(\w+)\])?', words[-1])[1]
    assert extra is None or f"'{extra}':" in (PROJECT / 'setup.py').read_text()


def _pytest(words):
    """Files exist, and options are pytest's or those of plugins that '.[test]' installs."""
    paths = [word for word in words if word.startswith('tests')]
    assert all((PROJECT / path).exists() for path in paths)
    options = [word for word in words if word.startswith('-')]
    assert set(options) <= {'-n', '--cov', '-k'}
    setup = (PROJECT / 'setup.py').read_text()
    assert '-n' not in options or 'pytest-xdist' in setup
    assert '--cov' not in options or 'pytest-cov' in setup


def _make(words):
    text = (PROJECT / 'Makefile').read_text()
    assert all(re.search(f'^{re.escape(target)}:', text, re.M) for target in words)


def _tensorboard(words):
    assert importlib.util.find_spec('tensorboard')
    [folder] = [value for option, value in itertools.pairwise(words) if option == '--logdir']
    assert list(Path(folder).glob('**/events.out.tfevents.*'))


def _pre_commit(words):
    assert words == ['install']
    hooks = yaml.safe_load((PROJECT / '.pre-commit-config.yaml').read_text())['repos'][0]['hooks']
    assert {hook['entry'].split()[0] for hook in hooks} == {'ruff', 'mypy'}


def _check_citation(text):
    """The entry says the same as CITATION.cff."""
    fields = dict(re.findall(r'^ *(\w+) *= \{(.*)\},$', text, re.M))
    [paper] = yaml.safe_load((PROJECT / 'CITATION.cff').read_text())['references']
    names = [f'{author["family-names"]}, {author["given-names"]}' for author in paper['authors']]
    assert fields == {
        'author': ' and '.join(names),
        'title': paper['title'],
        'booktitle': paper['collection-title'],
        'series': 'PMLR',
        'volume': str(paper['volume']),
        'year': str(paper['year']),
    }


def _table(words):
    if '--from' in words:  # public annotations, which are not here
        tables_cli.parser().parse_args(words)
    else:
        _ends_well(tables_cli.main, words)


def _check_table(text):
    Path('example.csv').write_text(text)
    table = read_table('example.csv')
    assert table.has_splits and table.has_pids and table.has_cameras and table.attributes


_COMMANDS = {
    '.': lambda words: None,  # of the environment that the command before it makes
    'make': _make,
    'midattr-benchmark': _benchmark,
    'midattr-compare': _compare,
    'midattr-export': partial(_ends_well, export.main),
    'midattr-predict': partial(_ends_well, predict.main),
    'midattr-render': _render,
    'midattr-table': _table,
    'midattr-train': _train,
    'pip': _pip,
    'pre-commit': _pre_commit,
    'pytest': _pytest,
    'python': _python,
    'python3': _python,
    'tensorboard': _tensorboard,
    'torchrun': _torchrun,
}
