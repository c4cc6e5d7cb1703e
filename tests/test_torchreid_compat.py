"""Both layouts of torchreid: ``torchreid.reid.*`` (0.2.5) and ``torchreid.*`` (1.4.0)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torchreid

import midattr_plugin
from midattr_plugin import torchreid_compat

INSTALLED = Path(torchreid.__file__).parent
PROJECT = Path(midattr_plugin.__file__).parents[1]

CHECK = """
import torchreid
import midattr_plugin
from midattr_plugin import torchreid_compat
assert {package!r} in torchreid_compat.Engine.__module__, torchreid_compat.Engine.__module__
midattr_plugin.register()
model = torchreid.models.build_model('midattr_resnet18_market', 7, pretrained=False)
assert model.classifier.out_features == 7
assert issubclass(midattr_plugin.ImageMidAttrEngine, torchreid.engine.Engine)
names = ['market1501_attr', 'dukemtmcreid_attr', 'midattr_demo']
assert set(names) <= set(torchreid_compat.dataset_names())
print(torchreid.__version__)
"""


def run(code, *path):
    environment = os.environ | {'PYTHONPATH': os.pathsep.join(map(str, path))}
    return subprocess.run(
        [sys.executable, '-c', code], env=environment, text=True, capture_output=True, check=False
    )


def test_layout_of_the_installed_torchreid():
    result = run(CHECK.format(package='torchreid'), PROJECT)
    assert result.returncode == 0, result.stderr


@pytest.mark.skipif(not (INSTALLED / 'reid').is_dir(), reason='torchreid 1.4.0 is installed')
def test_layout_of_1_4_0(tmp_path):
    """The registry's package holds 1.4.0 one level down: moved up, it is 1.4.0."""
    for source in (INSTALLED / 'reid').rglob('*.py'):
        target = tmp_path / 'torchreid' / source.relative_to(INSTALLED / 'reid')
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text().replace('torchreid.reid', 'torchreid'))
    result = run(CHECK.format(package='torchreid.engine'), tmp_path, PROJECT)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[-1] == '1.4.0'


def test_importing_says_nothing():
    result = run('import midattr_plugin', PROJECT)
    assert (result.stdout, result.stderr) == ('', '')


def test_registration_is_idempotent():
    models, datasets = torchreid_compat.model_names(), torchreid_compat.dataset_names()
    midattr_plugin.register()
    assert torchreid_compat.model_names() == models
    assert torchreid_compat.dataset_names() == datasets
    assert 'midattr_resnet50_market' in models


def test_torchreids_own_names_stay():
    assert {'resnet50', 'pcb_p6', 'osnet_x1_0'} <= set(torchreid_compat.model_names())
    assert {'market1501', 'dukemtmcreid'} <= set(torchreid_compat.dataset_names())
