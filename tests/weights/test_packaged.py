"""The weights that come with the package, from the command line and from Python."""

import re

import cv2
import numpy as np
import pytest
import torch

from midattr_plugin import load_model
from midattr_plugin.errors import InputError
from midattr_plugin.predict import Predictor
from midattr_plugin.predict.cli import main
from midattr_plugin.weights import packaged, packaged_card, packaged_weights

MEGABYTES = 10


@pytest.fixture
def crops(tmp_path):
    folder = tmp_path / 'crops'
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        cv2.imwrite(str(folder / f'{number}.png'), random.integers(0, 256, (90, 40, 3), np.uint8))
    return folder


def test_they_are_small_and_hold_no_path():
    path = packaged_weights()
    assert path.stat().st_size <= MEGABYTES * 1e6
    content = torch.load(path, weights_only=True)
    assert content['chosen_on'] is None and content['model']['num_classes'] == 1
    assert set(content) == {
        *('model', 'state_dict', 'training_images', 'chosen_on', 'epoch', 'started_from')
    }


def test_they_are_of_rendered_people():
    model = load_model(packaged_weights())
    assert model.trained_on_rendered
    assert not model.spec.name.startswith('midattr_resnet')


def test_the_card_says_what_the_checkpoint_says():
    card = packaged_card()
    content = torch.load(packaged_weights(), weights_only=True)
    images = content['training_images']
    assert f'{images["number"]:,}' in card
    (recipe,) = images['rendered_as'].values()
    assert str(recipe) in card
    assert content['model']['backbone'] in card
    parameters = sum(p.numel() for p in load_model(packaged_weights()).parameters())
    stated = re.search(r'([\d.]+) million', card)
    assert stated and float(stated[1]) == pytest.approx(parameters / 1e6, abs=0.06)
    assert f'{packaged_weights().stat().st_size / 1e6:.1f} MB' in card
    height, width = content['model']['image_size']
    assert f'{height} x {width} pixels' in card
    assert f'{len(content["model"]["schema"]["attributes"])} attributes' in card
    for heading in ('How it was made', 'Scores', 'License', 'What it must not be used for'):
        assert heading in card


def test_predict_needs_nothing_else(crops, tmp_path, capsys):
    assert main([str(crops), '--out', str(tmp_path / 'answers'), '--cpu']) == 0
    printed = capsys.readouterr().out
    assert 'Weights: those of the package, see --card' in printed
    assert 'trained on rendered people' in printed
    assert len((tmp_path / 'answers/attributes.csv').read_text().splitlines()) == 4


def test_in_python(crops):
    by_default = Predictor(use_gpu=False)(sorted(crops.iterdir()))
    named = Predictor(packaged_weights(), use_gpu=False)(sorted(crops.iterdir()))
    assert np.array_equal(by_default.descriptors, named.descriptors)
    assert f'{by_default.descriptors.shape[1]:,} dimensions' in packaged_card()


def test_the_card_is_printed(capsys):
    with pytest.raises(SystemExit) as end:
        main(['--card'])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == packaged_card().strip()


def test_an_installation_without_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(packaged, '_FOLDER', tmp_path)
    for missing in (packaged_weights, packaged_card):
        with pytest.raises(InputError, match='is missing; install the package again'):
            missing()
