import cv2
import pytest

from midattr_plugin.rendering import cli, main, preview, render
from midattr_plugin.rendering.look import Look
from midattr_plugin.rendering.plan import Sizes
from midattr_plugin.rendering.roster import annotation_bytes, invent_roster


@pytest.fixture
def annotations(tmp_path):
    path = tmp_path / 'market_attribute.mat'
    path.write_bytes(annotation_bytes(invent_roster(9, 2, 2)))
    return path


def test_demo_goes_where_its_dataset_looks(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(render, 'DEMO_TRAIN_PIDS', 1)
    monkeypatch.setattr(render, 'DEMO_TEST_PIDS', 2)
    monkeypatch.setattr(render, 'DEMO_SIZES', Sizes(2, 4, 4, 1, 1))
    assert main(['--out', str(tmp_path / 'root'), '--workers', '1']) == 0
    assert (tmp_path / 'root/midattr_demo/Market-1501-v15.09.15/RENDERED.txt').exists()
    assert 'not photographs' in capsys.readouterr().out


def test_twin_goes_where_market1501_lies(tmp_path, annotations):
    out = tmp_path / 'root'
    assert (
        main(
            [
                '--out',
                str(out),
                '--annotations',
                str(annotations),
                '--workers',
                '1',
                '--limit',
                '2',
                '--seed',
                '3',
                '--difficulty',
                '1.5',
            ]
        )
        == 0
    )
    tree = out / 'market1501/Market-1501-v15.09.15'
    assert len(list((tree / 'bounding_box_train').iterdir())) == 17
    assert 'seed: 3\ndifficulty: 1.5\n' in (tree / 'RENDERED.txt').read_text()


@pytest.mark.parametrize('arguments', [[], ['--limit', '3']])
def test_preview_alone(tmp_path, annotations, monkeypatch, arguments):
    monkeypatch.setattr(cli, '_PREVIEWED', 6)
    path = tmp_path / 'sheet.png'
    given = ['--annotations', str(annotations), *arguments] if arguments else []
    assert main(['--preview', str(path), *given]) == 0
    sheet = cv2.imread(str(path))
    # two columns of six pictures at twice their size
    assert sheet.shape[1] == 2 * (6 * 64 * 2 + 6)
    rows = 2 if arguments else 3
    assert sheet.shape[0] == rows * (128 * 2 + 18)


def test_street_goes_where_its_dataset_looks(tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(cli, 'render_street', lambda *options: calls.append(options))
    sheet = tmp_path / 'sheet.png'
    arguments = ['--street', '2', '--out', str(tmp_path), '--preview', str(sheet)]
    assert main([*arguments, '--seed', '5', '--workers', '3']) == 0
    assert calls == [(tmp_path / 'midattr_street', 2, 5, 3)]
    assert cv2.imread(str(sheet)).shape == (274, 1548, 3)
    assert str(tmp_path / 'midattr_street') in capsys.readouterr().out


def test_empty_preview():
    assert (preview.contact_sheet({}, 0) == 255).all()


def test_preview_of_one():
    assert preview.contact_sheet({1: Look()}, 0).shape == (274, 1548, 3)


@pytest.mark.parametrize(
    'arguments, sentence',
    [
        ([], 'neither --out nor --preview'),
        (['--out', '{}/x', '--seed', '-1'], '--seed -1'),
        (['--out', '{}/x', '--seed', '1502'], '--seed 1502 is that of "midattr_others"'),
        (['--out', '{}/x', '--workers', '0'], '--workers 0'),
        (['--out', '{}/x', '--difficulty', '9'], '--difficulty is 9'),
        (['--preview', '{}/x', '--difficulty', 'nan'], '--difficulty is nan'),
        (['--out', '{}/x', '--limit', '3'], '--limit only applies'),
        (['--out', '{}/x', '--street', '0'], '--street is 0'),
        (['--preview', '{}/x', '--street', '9001'], '--street is 9001'),
        (['--out', '{}/x', '--street', '9', '--difficulty', '2'], '--difficulty applies to'),
        (['--out', '{}/x', '--street', '9', '--annotations', '{}/a.mat'], '--annotations applies'),
        (['--out', '{}/x', '--annotations', '{}/none.mat'], 'none.mat does not exist'),
        (
            ['--out', '{}/x', '--annotations', '{}/market_attribute.mat', '--limit', '0'],
            '--limit is 0',
        ),
        (
            [
                '--preview',
                '{}/market_attribute.mat/a.png',
                '--annotations',
                '{}/market_attribute.mat',
            ],
            'a.png" cannot be written',
        ),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, annotations, capsys, arguments, sentence):
    assert main([argument.format(tmp_path) for argument in arguments]) == 1
    error = capsys.readouterr().err
    assert sentence in error and error.startswith('error: ') and error.count('\n') == 1
    assert not (tmp_path / 'x').exists()


def test_help_names_the_folders(capsys):
    with pytest.raises(SystemExit) as stop:
        main(['--help'])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert cli.DEMO_FOLDER in shown and cli.TWIN_FOLDER in shown
