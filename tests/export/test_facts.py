"""Facts about a model as text in its file."""

import pytest

from helpers.tiny_checkpoint import SCHEMA
from midattr_plugin.errors import InputError
from midattr_plugin.export.facts import Facts

FACTS = Facts(
    model='midattr_resnet50',
    schema=SCHEMA,
    descriptor_size=512,
    image_size=(256, 128),
    norm_mean=(0.5, 0.4, 0.3),
    norm_std=(0.2, 0.2, 0.1),
    trained_on_rendered=True,
    written_by='1.0',
    numbers='int8',
)


@pytest.mark.parametrize('schema', [SCHEMA, None])
def test_round_trip(schema):
    facts = Facts(**{**vars(FACTS), 'schema': schema})
    properties = facts.as_properties() | {'of another tool': 'kept out'}
    assert Facts.from_properties(properties, 'm.onnx') == facts


def test_outputs():
    assert FACTS.outputs == ('descriptor', 'attribute/hat', 'attribute/vest color')
    assert Facts(**{**vars(FACTS), 'schema': None}).outputs == ('descriptor',)
    alone = Facts(**{**vars(FACTS), 'descriptor_size': 0})
    assert alone.outputs == ('attribute/hat', 'attribute/vest color')


@pytest.mark.parametrize(
    'change, words',
    [
        ({'midattr_format_version': None}, 'because midattr-export has not written it'),
        ({'midattr_format_version': '2'}, 'has the format version 2, but this version'),
        ({'midattr_schema': '{"name": "x"}'}, "incompletely .'attributes'"),
        ({'midattr_schema': 'none'}, 'incompletely'),
        ({'midattr_image_size': None}, "incompletely .'image_size'"),
        ({'midattr_model': None}, 'incompletely'),
        ({'midattr_color': '1'}, 'incompletely'),
    ],
)
def test_other_files(change, words):
    properties = FACTS.as_properties() | change
    properties = {name: value for name, value in properties.items() if value is not None}
    with pytest.raises(InputError, match=words) as raised:
        Facts.from_properties(properties, 'm.onnx')
    assert '"m.onnx"' in str(raised.value) and 'midattr-export' in str(raised.value)
