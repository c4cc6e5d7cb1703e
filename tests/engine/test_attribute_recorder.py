import numpy as np
import pytest
import torch

from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.attribute_recorder import AttributeRecorder, format_scores
from midattr_plugin.metrics import attribute_confusions, attribute_scores
from midattr_plugin.schema import Attribute, AttributeSchema


def batch(pids, schema=MARKET1501):
    torch.manual_seed(sum(pids))
    return {
        'pid': torch.tensor(pids),
        'camid': torch.zeros(len(pids), dtype=torch.int64),
        'attrs': torch.stack([torch.randint(-1, c, (len(pids),)) for c in schema.num_classes], 1),
    }


def outputs(size, schema=MARKET1501):
    return {
        name: torch.randn(size, c) for name, c in zip(schema.names, schema.num_classes, strict=True)
    }


def record(source, batches):
    recorder = AttributeRecorder(MARKET1501, source)
    all_logits = []
    for data in batches:
        size = len(data['pid'])
        logits = outputs(size)
        recorder.add_batch(data)
        recorder.add_output(logits)
        all_logits.append(logits)
    return recorder, all_logits


def test_scores_are_those_of_all_batches():
    batches = [batch([3, 0]), batch([5])]
    recorder, all_logits = record(MARKET1501, batches)
    labels = torch.cat([data['attrs'] for data in batches]).numpy()
    predictions = np.concatenate(
        [
            np.stack([logits[name].argmax(1).numpy() for name in MARKET1501.names], 1)
            for logits in all_logits
        ]
    )
    expected = attribute_scores(predictions, labels, np.array([3, 0, 5]), MARKET1501)
    measured = recorder.measure(3)
    assert measured['scores'] == expected
    assert measured['confusions'] == attribute_confusions(predictions, labels, MARKET1501)


@pytest.mark.parametrize('classes', [2, 128, 129])
def test_indices_are_kept_in_few_bytes(classes):
    """The largest index, and -1, come back."""
    schema = AttributeSchema('s', (Attribute('a', tuple(map(str, range(classes))), (1,)),))
    recorder = AttributeRecorder(schema, schema)
    recorder.add_batch(
        {'pid': torch.tensor([2**40, 1]), 'attrs': torch.tensor([[classes - 1], [-1]])}
    )
    recorder.add_output({'a': torch.eye(classes)[[classes - 1, classes - 2]]})
    assert recorder.measure(2)['scores']['a']['accuracy'] == 1
    assert recorder._labels[0].itemsize == {2: 1, 128: 1, 129: 2}[classes]


def test_nothing_of_a_batch_is_kept():
    data = batch([1, 2])
    recorder, _ = record(MARKET1501, [data])
    before = recorder.measure(2)
    data['pid'].zero_(), data['attrs'].fill_(-1)
    assert recorder.measure(2) == before


def test_labels_of_another_dataset_are_matched_by_name():
    recorder, _ = record(DUKEMTMCREID, [batch([2, 3], DUKEMTMCREID)])
    scores = recorder.measure(2)['scores']
    assert scores
    assert set(scores) <= {*DUKEMTMCREID.names, 'average'} & {*MARKET1501.names, 'average'}


def test_without_labels_there_are_no_scores():
    recorder, _ = record(None, [batch([1]), batch([2])])
    assert recorder.measure(2) == {'scores': {}, 'confusions': {}, 'floors': {}}


def test_table():
    text = format_scores(
        {
            'hat': {'accuracy': 0.5, 'balanced_accuracy': None},
            'average': {'accuracy': 1, 'balanced_accuracy': 0},
        }
    )
    assert text.splitlines() == [
        '                  accuracy  balanced_accuracy',
        'hat                  50.0%                  -',
        'average             100.0%               0.0%',
    ]


def test_marks_in_the_table():
    scores = {name: {'f1': 0.5} for name in ('hat', 'bag', 'age', 'average')}
    reason = 'always answers "no"'
    text = format_scores(
        scores, {'hat': reason, 'age': 'balanced accuracy at chance', 'bag': reason}
    )
    assert text.splitlines() == [
        '                        f1',
        'hat *                50.0%',
        'bag *                50.0%',
        'age *                50.0%',
        'average              50.0%',
        '* at or below its floor, as without having learned it: always answers "no" (hat, bag); '
        'balanced accuracy at chance (age)',
    ]
