"""A dataset of one's own: its schema, and a reader for its own format, in one class."""

import json

import pytest

from helpers.fake_market import write_market_tree
from helpers.fake_sources import identity, market
from helpers.registries import restored_registries
from midattr_plugin import Attribute, AttributeSchema, build, register, torchreid_compat
from midattr_plugin.config import load_config
from midattr_plugin.datasets import (
    ATTRIBUTE_DATASETS,
    MARKET1501,
    AnnotationFile,
    AttributeDatasetMixin,
)
from midattr_plugin.errors import InputError
from midattr_plugin.models import MODELS

SCHEMA = AttributeSchema(
    'own',
    (
        Attribute('hat', ('no', 'yes'), (1,)),
        Attribute('mood', ('sad', 'glad', 'mad'), (1, 2, 3, 4)),
    ),
)
LABELS = {2: {'hat': 'yes', 'mood': 'mad'}, 7: {'hat': 'no'}, 11: {'mood': 'sad'}, 1: {}, 4: {}}
EXPECTED = {2: [1, 2], 7: [0, -1], 11: [-1, 0], 1: [-1, -1], 4: [-1, -1], 0: [-1, -1]}


class JsonFile(AnnotationFile):
    """Identity number -> name of an attribute -> name of a class; what is missing is unknown."""

    def read(self, path, schema):
        try:
            content = json.loads(path.read_text())
        except ValueError as error:
            raise InputError(f'annotation file "{path}" is not JSON; replace it') from error
        return {
            int(pid): tuple(
                attribute.classes.index(row[attribute.name]) if attribute.name in row else -1
                for attribute in schema
            )
            for pid, row in content.items()
        }


class OwnDataset(AttributeDatasetMixin, torchreid_compat.Market1501):
    """People in the layout of Market-1501."""

    dataset_dir = 'own'
    schema = SCHEMA
    model_ending = 'own'
    annotations = JsonFile('labels.json', key='own')
    last_identity = 1501
    num_cameras = 6
    how_to_get = 'ask for it'


@pytest.fixture
def own(tmp_path):
    """The dataset, registered as 'own_attr'."""
    with restored_registries(tmp_path):
        ATTRIBUTE_DATASETS.register('own_attr')(OwnDataset)
        register()
        yield OwnDataset


@pytest.fixture
def data_dir(tmp_path):
    """Folder of its images and labels."""
    data_dir = write_market_tree(tmp_path, folder='own', annotated=False)
    (data_dir / 'labels.json').write_text(json.dumps(LABELS))
    return data_dir


def manager(root):
    return torchreid_compat.ImageDataManager(
        str(root),
        'own_attr',
        height=32,
        width=16,
        batch_size_train=4,
        batch_size_test=3,
        workers=0,
        use_gpu=False,
    )


def test_items_through_torchreids_data_manager(own, data_dir, tmp_path):
    datamanager = manager(tmp_path)
    assert datamanager.num_train_pids == 3
    loaders = [datamanager.train_loader, *datamanager.test_loader['own_attr'].values()]
    for loader, count in zip(loaders, (12, 4, 10), strict=True):
        items = [
            (path, attrs.tolist())
            for batch in loader
            for path, attrs in zip(batch['impath'], batch['attrs'], strict=True)
        ]
        assert len(items) == count
        assert all(attrs == EXPECTED[identity(path)] for path, attrs in items)


def test_marks_of_its_own(own, data_dir, tmp_path, monkeypatch):
    """Without them an image has those of its labels."""
    assert own(str(tmp_path), verbose=False, mode='gallery').marks_by_path == {}
    marks = {1: (0, 1, 1, 1, 0)}  # sad and glad
    monkeypatch.setattr(JsonFile, 'read_marks', lambda self, path, schema: marks)
    dataset = own(str(tmp_path), verbose=False, mode='gallery')
    with_marks = {path for path, pid, *_ in [*dataset.query, *dataset.gallery] if pid == 1}
    assert dataset.marks_by_path == dict.fromkeys(with_marks, marks[1])
    marks[1] = (0, 1, 1)
    with pytest.raises(InputError, match=r'labels.json": identity 0001 has the marks \(0, 1, 1\)'):
        own(str(tmp_path), verbose=False)


def test_a_damaged_file_is_named(own, data_dir, tmp_path):
    (data_dir / 'labels.json').write_text('{')
    with pytest.raises(InputError, match=r'labels\.json" is not JSON'):
        manager(tmp_path)


def test_a_missing_file_is_one_sentence(own, data_dir, tmp_path):
    (data_dir / 'labels.json').unlink()
    with pytest.raises(InputError) as error:
        manager(tmp_path)
    assert str(error.value) == (
        f'annotation file "{data_dir / "labels.json"}" is missing; put it there, or set '
        'midattr.annotations.own to where you have it'
    )


def test_an_identity_without_labels(own, data_dir, tmp_path):
    (data_dir / 'labels.json').write_text(json.dumps({2: {}, 7: {}}))
    with pytest.raises(InputError, match=r'identity 0011 .+ is not annotated in ".+labels\.json"'):
        manager(tmp_path)


def test_by_configuration(own, data_dir, tmp_path):
    """The key of its annotation file, its models, and both at work."""
    (data_dir / 'labels.json').rename(tmp_path / 'elsewhere.json')
    cfg = load_config(
        opts=[
            *('data.root', str(tmp_path), 'midattr.annotations.own', str(tmp_path)),
            *('data.sources', 'own_attr', 'data.targets', 'own_attr', 'data.workers', 0),
            *('data.height', 32, 'data.width', 16, 'train.batch_size', 4),
            *('model.name', 'midattr_resnet18_own', 'loss.name', 'midattr'),
            *('model.pretrained', False, 'use_gpu', False),
        ]
    )
    with pytest.raises(InputError, match=r'midattr\.annotations\.own: ".+/labels\.json" does not'):
        build.build_datamanager(cfg)
    (tmp_path / 'elsewhere.json').rename(tmp_path / 'labels.json')
    datamanager = build.build_datamanager(cfg)
    batch = next(iter(datamanager.train_loader))
    model = build.build_model(cfg, datamanager.num_train_pids)
    logits = model.train()(batch['img'], return_dict=True)['attribute_logits']
    assert {name: tuple(output.shape) for name, output in logits.items()} == {
        'hat': (4, 2),
        'mood': (4, 3),
    }


def test_beside_another_dataset(own, data_dir, tmp_path):
    write_market_tree(tmp_path)
    joined = market(tmp_path) + own(str(tmp_path), verbose=False)
    assert joined.schema == MARKET1501.union(SCHEMA) == MODELS['midattr_resnet50_market_own'].schema
    for path, *_ in joined.train:
        attrs = dict(zip(joined.schema.names, joined.labels(path).tolist(), strict=True))
        if '/own/' in path:
            assert [attrs['hat'], attrs['mood']] == EXPECTED[identity(path)]
            assert attrs['gender'] == -1
        else:
            assert attrs['mood'] == -1 != attrs['gender']


def test_two_datasets_with_the_same_ending(own):
    twin = type('Twin', (OwnDataset,), {'dataset_dir': 'twin'})
    ATTRIBUTE_DATASETS.register('twin_attr')(twin)
    with pytest.raises(InputError) as error:
        register()
    assert str(error.value) == (
        'dataset "twin_attr": its model_ending "own" is that of another dataset; choose one other '
        'than market, duke, own'
    )


def test_an_ending_of_two_datasets_together(own):
    twin = type('Twin', (OwnDataset,), {'dataset_dir': 'twin', 'model_ending': 'market_duke'})
    ATTRIBUTE_DATASETS.register('twin_attr')(twin)
    with pytest.raises(InputError, match='"market_duke" .* for "market" and "duke" together'):
        register()


def test_two_datasets_without_an_ending(own):
    twin = type('Twin', (OwnDataset,), {'dataset_dir': 'twin', 'model_ending': ''})
    ATTRIBUTE_DATASETS.register('twin_attr')(twin)
    register()
    assert 'twin_attr' in torchreid_compat.dataset_names()


def test_a_name_that_is_taken(own):
    with pytest.raises(InputError, match='^attribute dataset "own_attr" is already registered'):
        ATTRIBUTE_DATASETS.register('own_attr')(OwnDataset)


def test_the_registries_are_restored(tmp_path):
    assert 'own_attr' not in ATTRIBUTE_DATASETS
    assert 'own_attr' not in torchreid_compat.dataset_names()
    assert not [name for name in torchreid_compat.model_names() if 'own' in name]
