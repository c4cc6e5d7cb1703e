import pytest

from helpers.fake_market import write_market_tree
from helpers.fake_sources import MARKET_LABELS
from midattr_plugin import MidAttrDemo
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.errors import InputError


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
