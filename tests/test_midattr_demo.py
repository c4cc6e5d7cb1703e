import pytest

from helpers.fake_market import write_market_tree
from helpers.fake_sources import MARKET_LABELS
from midattr_plugin import MidAttrDemo, MidAttrOthers, MidAttrStreet
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.datasets.rendered import RENDERER_VERSION, Recipe
from midattr_plugin.errors import InputError
from midattr_plugin.rendering.render import DEFAULT_SEED, DEMO_TRAIN_PIDS


@pytest.fixture
def rendered(monkeypatch):
    """Folders that were rendered, with a stand-in for the renderer."""
    folders = []

    def render(folder):
        folders.append(folder)
        data_dir = write_market_tree(folder.parent, folder=folder.name)
        (data_dir / 'RENDERED.txt').touch()

    monkeypatch.setattr('midattr_plugin.rendering.render_demo', render)
    return folders


def again_renderings(monkeypatch):
    """Return the options of each further rendering, which a stand-in only notes in the marker."""
    calls = []

    def render(folder, **options):
        calls.append(options)
        [marker] = folder.glob('*/RENDERED.txt')
        marker.write_text(Recipe(options['seed'], options['difficulty'], 'people').text())

    monkeypatch.setattr('midattr_plugin.rendering.render_demo', render)
    return calls


def test_the_demo_is_rendered_on_first_use(tmp_path, rendered):
    for mode in ('train', 'query', 'gallery'):
        dataset = MidAttrDemo(str(tmp_path), annotation_file='/nowhere', mode=mode, verbose=False)
        assert dataset.rendered and dataset.schema is MARKET1501
    assert rendered == [tmp_path / 'midattr_demo']
    assert dataset[len(dataset) - 1]['attrs'].tolist() == list(MARKET_LABELS[4])


def test_a_damaged_demo(tmp_path, rendered):
    """The published annotations are not downloaded: they are not about these people."""
    MidAttrDemo(str(tmp_path), verbose=False)
    (tmp_path / 'midattr_demo' / 'Market-1501-v15.09.15' / 'market_attribute.mat').unlink()
    with pytest.raises(InputError, match='is missing; remove the folder "midattr_demo"'):
        MidAttrDemo(str(tmp_path), verbose=False)


@pytest.mark.parametrize('version, again', [(1, True), (RENDERER_VERSION, False)])
def test_a_demo_of_another_version_is_rendered_again(tmp_path, monkeypatch, version, again):
    """With the seed and the difficulty that it was rendered with."""
    data_dir = write_market_tree(tmp_path, folder='midattr_demo')
    recipe = Recipe(7, 0.5, 'invented people', version)
    (data_dir / 'RENDERED.txt').write_text('A notice.\n' + recipe.text())
    calls = again_renderings(monkeypatch)
    MidAttrDemo(str(tmp_path), verbose=False)
    assert calls == [{'seed': 7, 'difficulty': 0.5}] * again


def test_others_are_more_and_other_people(tmp_path, monkeypatch):
    calls = []

    def render(folder, **options):
        calls.append((folder, options))
        write_market_tree(folder.parent, folder=folder.name)

    monkeypatch.setattr('midattr_plugin.rendering.render_demo', render)
    MidAttrOthers(str(tmp_path), verbose=False)
    ((folder, options),) = calls
    assert folder == tmp_path / 'midattr_others'
    assert options['seed'] != DEFAULT_SEED and options['num_train'] > DEMO_TRAIN_PIDS


def test_others_of_another_version_are_as_many(tmp_path, monkeypatch):
    data_dir = write_market_tree(tmp_path, folder='midattr_others')
    recipe = Recipe(7, 0.5, '1000 + 80 invented people', 1)
    (data_dir / 'RENDERED.txt').write_text('A notice.\n' + recipe.text())
    calls = again_renderings(monkeypatch)
    MidAttrOthers(str(tmp_path), verbose=False)
    assert calls == [{'seed': 7, 'difficulty': 0.5, 'num_train': 1000}]


def test_street_is_not_rendered_on_first_use(tmp_path):
    with pytest.raises(InputError, match='midattr-render --street 3000 --out <data.root>'):
        MidAttrStreet(str(tmp_path), verbose=False)
    assert not list(tmp_path.iterdir())
