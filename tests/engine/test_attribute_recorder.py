import numpy as np
import torch

from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.attribute_recorder import AttributeRecorder, format_scores
from midattr_plugin.metrics import attribute_scores


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


def test_scores_count_only_the_gallery():
    batches = [batch([1, 2]), batch([3, 0]), batch([5])]
    recorder, all_logits = record(MARKET1501, batches)
    labels = torch.cat([data['attrs'] for data in batches[1:]]).numpy()
    predictions = np.concatenate(
        [
            np.stack([logits[name].argmax(1).numpy() for name in MARKET1501.names], 1)
            for logits in all_logits[1:]
        ]
    )
    expected = attribute_scores(predictions, labels, np.array([3, 0, 5]), MARKET1501)
    assert recorder.scores(first=2) == expected


def test_labels_of_another_dataset_are_matched_by_name():
    batches = [batch([1]), batch([2, 3], DUKEMTMCREID)]
    batches[0]['attrs'] = batches[0]['attrs'][:, :10] * 0
    recorder, _ = record(DUKEMTMCREID, batches)
    scores = recorder.scores(first=1)
    assert set(scores) <= {*DUKEMTMCREID.names, 'average'} & {*MARKET1501.names, 'average'}


def test_without_labels_there_are_no_scores():
    recorder, _ = record(None, [batch([1]), batch([2])])
    assert recorder.scores(first=1) == {}


def test_table():
    text = format_scores(
        {'hat': {'accuracy': 0.5, 'mA': None}, 'average': {'accuracy': 1, 'mA': 0}}
    )
    assert text.splitlines() == [
        '                  accuracy                 mA',
        'hat                  50.0%                  -',
        'average             100.0%               0.0%',
    ]
