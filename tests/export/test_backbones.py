"""The exported graph of a backbone says what PyTorch says.

Of all of them: ``pytest tests/export/test_backbones.py --backbones 99``.
"""

from helpers.backbone_names import image_size
from helpers.tiny_checkpoint import write_checkpoint
from midattr_plugin.export.onnx_graph import write_onnx
from midattr_plugin.export.parity import FLOAT32, compare
from midattr_plugin.export.runtime import OnnxPredictor
from midattr_plugin.predict import Predictor


def test_says_the_same(some_backbone, images, tmp_path):
    checkpoint = write_checkpoint(
        tmp_path / 'm.pth',
        name=f'midattr_{some_backbone}_market',
        backbone=some_backbone,
        options={'part_dim': 4, 'attribute_layer': 's8'},
        image_size=image_size(some_backbone),
    )
    predictor = Predictor(checkpoint, use_gpu=False, precision='fp32')
    write_onnx(predictor.model, tmp_path / 'm.onnx')
    reference, exported = predictor(images), OnnxPredictor(tmp_path / 'm.onnx')(images)
    assert not compare(reference, exported).failures(FLOAT32)
