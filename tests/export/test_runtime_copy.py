"""The runtime in a folder of its own, where neither PyTorch nor this package is."""

import subprocess
import sys

import numpy as np

from midattr_plugin.export.runtime_copy import write_runtime

BLOCKED = (
    'import sys\n'
    'class Blocked:\n'
    '    def find_spec(self, name, path=None, target=None):\n'
    '        if name.split(".")[0] in {names!r}:\n'
    '            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)\n'
    'sys.meta_path.insert(0, Blocked())\n'
    'sys.path.insert(0, {folder!r})\n'
)
PREDICT = (
    'import numpy as np\n'
    'import midattr_runtime\n'
    'predict = midattr_runtime.OnnxPredictor({model!r}, batch_size=2)\n'
    'prediction = predict(list(np.load({images!r})))\n'
    'assert prediction.schema["hat"].classes == ("no", "yes")\n'
    'np.savez({out!r}, prediction.descriptors, **prediction.probabilities)\n'
    'try:\n'
    '    predict("a.png")\n'
    'except midattr_runtime.InputError as error:\n'
    '    print(error)\n'
)
ABSENT = ['torch', 'torchvision', 'torchreid', 'midattr_plugin', 'PIL', 'scipy', 'onnx']


def run(folder, code):
    code = BLOCKED.format(names=ABSENT, folder=str(folder)) + code
    return subprocess.run([sys.executable, '-I', '-c', code], capture_output=True, text=True)


def test_without_pytorch(predictor, onnx_path, tmp_path):
    assert write_runtime(tmp_path) == tmp_path / 'midattr_runtime'
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 30, 3), np.uint8)
    np.save(tmp_path / 'images.npy', images)
    code = PREDICT.format(
        model=str(onnx_path), images=str(tmp_path / 'images.npy'), out=str(tmp_path / 'out.npz')
    )
    done = run(tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert 'only Pillow can read' in done.stdout
    expected = predictor(list(images))
    with np.load(tmp_path / 'out.npz') as found:
        assert np.allclose(found['arr_0'], expected.descriptors, atol=1e-5)
        for name, values in expected.probabilities.items():
            assert np.allclose(found[name], values, atol=1e-5)


def test_is_blocked(tmp_path):
    """Or the test above would show nothing."""
    for name in ABSENT:
        assert f"No module named '{name}'" in run(tmp_path, f'import {name}').stderr


def test_names_nothing_of_the_package(tmp_path):
    for path in write_runtime(tmp_path).iterdir():
        imports = [
            line for line in path.read_text().splitlines() if line.lstrip().startswith('from midat')
        ]
        assert not any('midattr_plugin' in line for line in imports), path
