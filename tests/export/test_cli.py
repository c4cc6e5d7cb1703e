"""The command midattr-export."""

import pytest

from helpers.fake_market import write_image, write_market_tree
from helpers.tiny_run import write_config
from midattr_plugin.export import OnnxPredictor, checked_files, main, speed


@pytest.fixture
def copied_onnx(monkeypatch, onnx_path):
    def write(model, path):
        path.write_bytes(onnx_path.read_bytes())

    monkeypatch.setattr(checked_files, 'write_onnx', write)
    monkeypatch.setattr(speed, '_IMAGES', 2)


@pytest.fixture
def crops(tmp_path):
    for number in range(9):
        write_image(tmp_path / f'crops/{number}.png', number, size=(20 + number, 60))
    return tmp_path / 'crops'


def test_everything(copied_onnx, checkpoint, crops, tmp_path, capsys):
    pytest.importorskip('openvino')
    write_market_tree(tmp_path, train_ids=(2, 7, 10, 11), test_ids=(1, 3, 5))
    out = tmp_path / 'new/people.onnx'
    options = ['--weights', str(checkpoint), '--out', str(out), '--int8', '--calibrate', str(crops)]
    options += ['--openvino', '--runtime', '--speed', '--test', str(write_config(tmp_path / 'c'))]
    assert main([*options, 'data.root', str(tmp_path)]) == 0
    assert sorted(path.name for path in out.parent.iterdir()) == [
        'midattr_runtime',
        'people-int8.bin',
        'people-int8.onnx',
        'people-int8.xml',
        'people.bin',
        'people.onnx',
        'people.xml',
    ]
    printed = capsys.readouterr().out
    assert f'on 9 images of "{crops}"' in printed
    lines = [line.split() for line in printed.splitlines() if line.startswith('people')]
    names = ['people.onnx', 'people-int8.onnx', 'people.xml', 'people-int8.xml']
    assert [words[0] for words in lines] == (
        [name for name in names for _ in (1, 7, 64)] + names + names  # parity, speed, scores
    )
    assert 'market1501_attr' in printed and 'mAP' in printed and 'images/s' in printed


def test_noise_is_said(copied_onnx, checkpoint, tmp_path, capsys):
    out = tmp_path / 'people.onnx'
    assert main(['--weights', str(checkpoint), '--out', str(out)]) == 0
    assert 'images of noise' in capsys.readouterr().out
    assert OnnxPredictor(out).facts.model == 'midattr_tiny_market'
    assert [path.name for path in tmp_path.iterdir()] == ['people.onnx']


@pytest.mark.parametrize(
    'options, words',
    [
        (['--int8'], '--int8 needs images to calibrate with'),
        (['--calibrate', 'x'], '--calibrate is for --int8'),
        (['--out', 'people.pt'], '"people.pt" does not end in .onnx'),
        (['data.root', 'x'], '"data.root" is a setting of a test'),
        (['--weights', 'none.pth'], 'none.pth'),
        (['--images', 'nowhere'], '"nowhere" does not exist'),
        (['--test', 'none.yaml'], 'none.yaml'),
    ],
)
def test_bad_options(copied_onnx, checkpoint, tmp_path, capsys, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    assert main(['--weights', str(checkpoint), '--out', 'people.onnx', *options]) == 1
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1
    assert not list(tmp_path.iterdir())
