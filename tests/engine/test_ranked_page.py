"""The page of ranked lists of a test."""

import numpy as np
import pytest
import torch

from helpers.fake_market import fields_by_identity, write_market_tree
from helpers.stub_targets import descriptors
from helpers.tiny_engine import build
from midattr_plugin import torchreid_compat
from midattr_plugin.datasets import MARKET1501
from midattr_plugin.engine import ranked_page
from midattr_plugin.engine.ranked_page import write_test_page


@pytest.fixture
def written(monkeypatch):
    """Every page is replaced by its lists and the other arguments."""
    pages = []
    monkeypatch.setattr(
        ranked_page,
        'write_ranked_page',
        lambda path, lists, **facts: pages.append((path, list(lists), facts)),
    )
    return pages


def test_lists_are_those_of_the_scores(tmp_path, written):
    """In loops: nearest first, without images of the person by the same camera."""
    query, gallery = descriptors(7), descriptors(40, seed=1)
    distances = np.random.default_rng(0).random((7, 40))
    write_test_page(tmp_path, distances, query, gallery, 5, lambda *_: {}, 'a test')
    ((path, lists, facts),) = written
    assert path == tmp_path / 'ranked.html'
    assert (facts['shown'], facts['total'], facts['gallery']) == (7, 7, '40 images')
    for number, ranked in enumerate(lists):
        expected = []
        for image in sorted(range(40), key=lambda i, n=number: distances[n, i]):
            same_person = gallery.pids[image] == query.pids[number]
            if not (same_person and gallery.camids[image] == query.camids[number]):
                expected.append((f'{image}.jpg', distances[number, image], same_person))
        assert ranked.query.title == f'{number}.jpg'
        assert ranked.query.person == str(query.pids[number])
        assert [(one.title, one.distance, one.match) for one in ranked.found] == expected[:5]


def test_at_most_a_hundred_lists(tmp_path, written):
    query, gallery = descriptors(250), descriptors(3, seed=1)
    asked = []

    def answers(dataset, numbers):
        asked.append(list(numbers))
        return {}

    write_test_page(tmp_path, np.zeros((250, 3)), query, gallery, 5, answers, 'a test')
    ((_, lists, facts),) = written
    assert len(lists) == facts['shown'] == 100
    assert facts['total'] == 250
    assert len(asked[0]) == 100
    assert (asked[0][0], asked[0][-1]) == (0, 249)


def test_answers_of_our_engine(tmp_path, written, monkeypatch):
    """What is annotated stands beside what the model says of the same image by itself."""
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    engine = build(tmp_path)
    monkeypatch.setattr(
        torchreid_compat.utils, 'visualize_ranked_results', lambda *args, **options: None
    )
    engine.test(save_dir=str(tmp_path / 'log'), visrank=True, visrank_topk=2)
    ((path, lists, facts),) = written
    assert path == tmp_path / 'log/visrank_market1501_attr/ranked.html'
    assert facts['by'] == 'the fused descriptor'
    fields = fields_by_identity(MARKET1501, (1, 3, 5))
    gallery = engine.test_loader['market1501_attr']['gallery'].dataset
    items = {
        item['impath'].split('/')[-1]: item
        for item in map(gallery.__getitem__, range(len(gallery)))
    }
    for ranked in lists:
        assert len(ranked.found) == 2
        for entry in ranked.found:
            item = items[entry.title]
            with torch.no_grad():
                output = engine.model(item['img'][None], return_dict=True)['attribute_logits']
            assert [answer.name for answer in entry.answers] == list(MARKET1501.names)
            for answer, label in zip(entry.answers, item['attrs'].tolist(), strict=True):
                classes = MARKET1501[answer.name].classes
                values = output[answer.name][0].softmax(0)
                assert answer.predicted == classes[int(values.argmax())]
                assert abs(answer.percent - 100 * float(values.max())) <= 0.6
                assert answer.truth == (classes[label] if label >= 0 else '')
            if entry.person in ('1', '3', '5'):
                truth = next(answer.truth for answer in entry.answers if answer.name == 'gender')
                index = fields[int(entry.person)]['gender'] - 1
                assert truth == MARKET1501['gender'].classes[index]
