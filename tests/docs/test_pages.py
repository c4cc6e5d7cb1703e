"""What the pages say of files, links, keys and each other."""

import ast
import fnmatch
import re
import textwrap
from pathlib import Path

import pytest
import yaml

import make_backbone_table
import make_key_table
import midattr_plugin
from helpers.pages import PAGES, SNIPPET_PAGES, blocks, page_id, prose
from helpers.paths import PROJECT
from marked_block import read_block, write_block
from midattr_plugin import torchreid_compat
from midattr_plugin.config.find import shipped_configs
from midattr_plugin.config.keys import all_keys, section_names
from midattr_plugin.config.renamed_keys import RENAMED_KEYS
from midattr_plugin.losses import ATTRIBUTE_LOSSES
from midattr_plugin.models.backbones.refused import why_not
from midattr_plugin.models.complexity import multiply_adds
from midattr_plugin.rendering.roster import first_identities, invent_roster

_EXAMPLE_KEYS = {'midattr.smooth_epsilon', 'midattr.annotations.street'}
_ROOMS = 'midattr_plugin|configs|tools|docs|tests'


def _links(page):
    """(line, target) of every link and picture of a page."""
    for number, line in enumerate(_without_breaks(prose(page)).splitlines(), 1):
        for target in re.findall(r'\]\(([^)]+)\)|(?:src|href)="([^"]+)"', line):
            yield number, ''.join(target)


def _without_breaks(text):
    """The text with links in one line each, on as many lines."""
    return re.sub(r'\[([^\]`]*)\n([^\]`]*)\]\(([^)]+)\)', r'[\1 \2](\3)\n', text)


def _anchors(page):
    """The anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r'^#+ (.+)$', prose(page), re.M)
    return {re.sub(r'[^\w\- ]', '', title.lower()).replace(' ', '-') for title in titles}


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_links_lead_somewhere(page):
    for line, target in _links(page):
        if target.startswith('https://'):
            continue
        name, _, anchor = target.partition('#')
        path = page.parent / name if name else page
        assert path.exists(), f'{page_id(page)}, line {line}: there is no {target}'
        assert path.resolve().is_relative_to(PROJECT)
        if anchor:
            assert anchor in _anchors(path), f'{page_id(page)}, line {line}: no heading {target}'


def test_links_are_found():
    """Otherwise the test above says nothing."""
    assert sum(1 for page in PAGES for _ in _links(page)) > 50
    readme = {target for _, target in _links(PROJECT / 'README.md')}
    assert {'docs/images/network.svg', 'docs/configuration.md#datasets', '#citing'} <= readme


@pytest.mark.parametrize('page', SNIPPET_PAGES, ids=page_id)
def test_files_in_the_text_exist(page):
    for path in re.findall(rf'`((?:{_ROOMS})/[\w./]*)`', prose(page)):
        assert (PROJECT / path).exists(), path
    for path in re.findall(r'`(?:python )?((?:tools|docs)/\w+\.py)`', prose(page)):
        assert (PROJECT / path).exists(), path


def test_project_layout_has_every_room():
    text = (PROJECT / 'CONTRIBUTING.md').read_text()
    rooms = {path.parent.name for path in (PROJECT / 'midattr_plugin').glob('*/__init__.py')}
    assert 'losses' in rooms
    assert set(re.findall(r'^\| `midattr_plugin/(\w+)/`', text, re.M)) == rooms


def test_every_page_is_listed():
    for index in (PROJECT / 'README.md', PROJECT / 'docs/README.md'):
        linked = {
            (index.parent / target.partition('#')[0]).resolve() for _, target in _links(index)
        }
        pages = {page for page in SNIPPET_PAGES if page.parent.name == 'docs'}
        assert pages - {PROJECT / 'docs/README.md'} <= linked


def test_readme_is_short():
    lines = (PROJECT / 'README.md').read_text().splitlines()
    assert len(lines) <= 150
    assert all(len(line) <= 100 for line in lines if not re.search('https?://|<img|->|\\|', line))


@pytest.mark.parametrize('page', SNIPPET_PAGES, ids=page_id)
def test_scripts_that_train_are_guarded(page):
    """Where workers are spawned they import the script, and would train themselves."""
    for block in blocks(page):
        if block.language == 'python':
            assert not _unguarded_runs(ast.parse(block.text)), f'{page_id(page)}, {block.line}'


def test_examples_that_train_are_guarded():
    examples = 0
    for path in (PROJECT / 'midattr_plugin').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            text = (ast.get_docstring(node) or '') if documented else ''
            if match := re.search(r'::\n\n((?: {4}.*\n|\n)*.*\.run\(.*)', text):
                examples += 1
                assert not _unguarded_runs(ast.parse(textwrap.dedent(match[1]))), path
    assert examples == 1


def _unguarded_runs(tree):
    """The calls of a function named run that happen when the module is imported."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    imported = [node for node in tree.body if not isinstance(node, kinds) and not _is_guard(node)]
    nodes = [child for node in imported for child in ast.walk(node)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call, 'attr', getattr(call, 'id', '')) == 'run']


def _is_guard(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def test_the_check_for_guards():
    guarded = "if __name__ == '__main__':\n    run()\ndef f():\n    run()"
    assert not _unguarded_runs(ast.parse(guarded))
    for text in ('results = engine.run()', 'if x:\n    run()'):
        assert _unguarded_runs(ast.parse(text))


@pytest.mark.parametrize('page', SNIPPET_PAGES, ids=page_id)
def test_keys_exist(page):
    text = page.read_text(encoding='utf-8')
    keys = {*all_keys(), *_EXAMPLE_KEYS, *RENAMED_KEYS}
    for key in re.findall(r'(?<![\w/.])midattr\.[a-z_]+(?:\.[a-z_0-9]+)*', text):
        assert key in keys or key in section_names(keys), key


def test_table_of_keys():
    text = make_key_table.PAGE.read_text(encoding='utf-8')
    table = read_block(make_key_table.PAGE, 'keys')
    assert table == make_key_table.key_table(), 'run docs/make_key_table.py'
    names = [key for key in all_keys() if key.startswith('midattr.')]
    assert len(names) > 30 and all(text.count(f'\n| `{name}` |') == 1 for name in names)


def test_suites_in_the_text_are_those_that_exist():
    text = (PROJECT / 'docs/comparing.md').read_text()
    table = re.search(r'\| suite \| rows \|\n(?:\|.*\n)+', text)[0]
    names = re.findall(r'`(\w+\.yaml)`', table)
    assert sorted(names) == [path.name for path in shipped_configs('compare')]


def test_names_in_the_text_are_registered():
    text = (PROJECT / 'docs/configuration.md').read_text()
    section = text.partition('## Models\n')[2].partition('\n## ')[0]
    backbones = re.findall(r'`midattr_(\w+)`', section)
    assert backbones and set(backbones) <= set(midattr_plugin.BACKBONES)
    section = text.partition('## Datasets\n')[2]
    sentence = section.partition('have attributes')[0]
    assert sorted(re.findall(r'`(\w+)`', sentence)) == sorted(midattr_plugin.ATTRIBUTE_DATASETS)
    assert set(re.findall(r'`midattr.attribute_loss (\w+)`', text)) == {*ATTRIBUTE_LOSSES} - {
        'plain'
    }


def test_backbones_in_the_text_are_those_that_exist():
    text = (PROJECT / 'docs/backbones.md').read_text()
    table = re.search(r'^\| library .*\n\|.*\n((?:\|.*\n)+)', text, re.M)[1]
    registered = [name for name in midattr_plugin.BACKBONES if name != 'tiny']
    listed = {
        library: [name for cell in re.findall('`(.+?)`', cells) for name in _matching(cell)]
        for library, cells in re.findall(r'^\| (\w+) \| (.+?) \|', table, re.M)
    }
    assert sorted(sum(listed.values(), [])) == sorted(registered)
    for library, names in listed.items():
        kinds = [midattr_plugin.BACKBONES[name] for name in names]
        # the paper's ResNets and the family of timm have classes of their own
        assert {getattr(kind, 'library', library) for kind in kinds} == {library}


def _matching(pattern):
    """Backbones of a pattern, but those that a longer one of the other library names."""
    names = fnmatch.filter(midattr_plugin.BACKBONES, pattern)
    assert names or pattern == 'midattr.timm_name', pattern
    return [name for name in names if pattern != 'resnet*' or '_ibn_' not in name]


def test_refused_backbones_in_the_text_are_those_of_the_messages():
    text = (PROJECT / 'docs/backbones.md').read_text()
    table = text.partition('| network | why | instead |\n')[2].partition('\n\n')[0]
    for line in table.splitlines()[1:]:
        names, _, instead = line.strip('| ').split(' | ')
        for name in re.findall('`(.+?)`', names):
            name = name.replace('*', 'b_16').replace('...', 'resnet50')
            reason = why_not(f'midattr_{name}')
            assert reason, name
            assert all(other in reason for other in re.findall('`(.+?)`', instead)), name


def test_table_of_costs():
    table = read_block(make_backbone_table.PAGE, 'costs')
    for backbone in ('resnet18', 'mobilenet_v2'):
        row = make_backbone_table.cost_row(backbone)
        assert row in table.splitlines(), 'run docs/make_backbone_table.py'
    assert re.findall(r'^\| `(\w+)`', table, re.M) == make_backbone_table.backbones()


def test_only_the_block_is_written(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('a\n<!-- keys -->\nold\n<!-- /keys -->\nb\n<!-- costs -->\n<!-- /costs -->\n')
    write_block(page, 'keys', 'new\nlines\n')
    assert page.read_text() == (
        'a\n<!-- keys -->\nnew\nlines\n<!-- /keys -->\nb\n<!-- costs -->\n<!-- /costs -->\n'
    )
    assert (read_block(page, 'keys'), read_block(page, 'costs')) == ('new\nlines\n', '')


def test_attributes_on_osnet_cost_little():
    """Beside torchreid's OSNet, counted in the same way."""
    network = torchreid_compat.models.build_model('osnet_x1_0', 751, pretrained=False)
    plain = multiply_adds(network.to('meta'), *make_backbone_table.SIZE) / 1e9
    adds = [adds for _, adds in make_backbone_table.costs('osnet_x1_0')]
    assert 0.99 * plain < min(adds) and max(adds) < 1.3 * plain
    text = ' '.join((PROJECT / 'docs/backbones.md').read_text().split())
    factor = adds[-1] / plain
    assert f'{plain:.3f} G multiply-adds in all' in text
    assert f'with both branches and attributes it is {factor:.2f}x that' in text


def test_size_of_the_small_twin():
    """Half of the identities that are rendered are for training."""
    text = (PROJECT / 'docs/reproduction.md').read_text()
    [limit] = {int(number) for number in re.findall(r'--limit (\d+)', text)}
    twin = first_identities(invent_roster(0, limit, limit), limit)
    said = re.findall(r'(\d+) training identities,\s+difficulty 0\.5', text)
    assert said == [str(len(twin['train']))] * 2


def test_checks_are_those_of_the_makefile():
    """A developer's command, the hooks and the page name the same tools."""
    makefile = (PROJECT / 'Makefile').read_text()
    recipes = re.findall(r'^\t(.+)$', makefile, re.M)
    assert recipes == ['ruff check .', 'ruff format --check .', 'mypy', 'pytest -n 2 --cov']
    [repository] = yaml.safe_load((PROJECT / '.pre-commit-config.yaml').read_text())['repos']
    commands = [' '.join(hook['entry'].split()[:2]) for hook in repository['hooks']]
    assert commands == ['ruff check', 'ruff format', 'mypy']
    readme = [block.text for block in blocks(PROJECT / 'README.md') if 'pytest' in block.text]
    assert len(readme) == 1 and readme[0].rstrip().endswith(f'&& {recipes[-1]}')


def test_versions_agree():
    citation = yaml.safe_load((PROJECT / 'CITATION.cff').read_text())
    newest = re.search(
        r'^## (\S+) - \d{4}-\d\d-\d\d$', (PROJECT / 'CHANGELOG.md').read_text(), re.M
    )
    assert citation['version'] == newest[1] == midattr_plugin.__version__
    assert {'cff-version', 'message', 'title', 'authors'} <= citation.keys()


def test_no_path_of_a_machine():
    for path in [*PAGES, *(PROJECT / name for name in ('Makefile', 'CITATION.cff'))]:
        assert not re.search(r'/(?:home|root|work|tmp)/', Path(path).read_text()), path
