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
    assert recorder.measure(2) == {'scores': {}, 'confusions': {}, 'floors': {}, 'binary': {}}


def test_a_model_without_attributes():
    """With an empty schema, too."""
    for schema in (None, AttributeSchema('none', ())):
        recorder = AttributeRecorder(schema, MARKET1501)
        recorder.add_batch(batch([1, 2]))
        recorder.add_output({})
        assert not any(recorder.measure(2).values())


SMALL = AttributeSchema(
    'small',
    (Attribute('hat', ('no', 'yes'), (1,)), Attribute('top', ('red', 'blue', 'green'), (2,))),
)


def test_marks_beside_labels():
    """Images with marks of their own, of two colors or none, and one whose labels say all."""
    marks = {'two.jpg': (1, 0, 1, 1, 0), 'none.jpg': (0, 1, 0, 0, 0)}
    recorder = AttributeRecorder(SMALL, SMALL, marks)
    recorder.add_batch(
        {
            'pid': torch.tensor([1, 2]),
            'attrs': torch.tensor([[0, -1], [1, -1]]),
            'impath': ['two.jpg', 'none.jpg'],
        }
    )
    sure, unsure = [0.0, 9.0, 0.0], [0.0, 0.1, 0.0]
    recorder.add_output({'hat': torch.eye(2), 'top': torch.tensor([sure, sure])})
    recorder.add_batch(
        {'pid': torch.tensor([3]), 'attrs': torch.tensor([[-1, 1]]), 'impath': ['one.jpg']}
    )
    recorder.add_output({'hat': torch.zeros(1, 2), 'top': torch.tensor([unsure])})
    measured = recorder.measure(3)
    # blue is one of two, none is marked, and the likeliest without a probability above one half
    assert measured['scores']['top']['protocol_accuracy'] == pytest.approx(2 / 3)
    assert measured['scores']['top']['accuracy'] == 1
    labels = measured['binary']['labels']
    assert list(labels) == ['hat=yes', 'top=red', 'top=blue', 'top=green']
    assert labels['hat=yes']['mA'] == 1
    assert labels['top=red'] == pytest.approx(
        {'mA': 1 / 2, 'accuracy': 2 / 3, 'precision': 0, 'recall': 0, 'f1': 0}
    )
    assert labels['top=blue'] == pytest.approx(
        {'mA': 1 / 4, 'accuracy': 1 / 3, 'precision': 1 / 2, 'recall': 1 / 2, 'f1': 1 / 2}
    )
    assert labels['top=green']['accuracy'] == 1
    # two of three are found: blue of {red, blue}, hat of {hat} with blue besides, nothing of {blue}
    assert measured['binary']['instance'] == pytest.approx(
        {
            'accuracy': (1 / 2 + 1 / 2 + 0) / 3,
            'precision': (1 + 1 / 2 + 0) / 3,
            'recall': (1 / 2 + 1 + 0) / 3,
            'f1': 1 / 2,
        }
    )


def test_images_without_an_identity_are_in_no_binary_score():
    recorder = AttributeRecorder(SMALL, SMALL)
    recorder.add_batch(
        {'pid': torch.tensor([0, 1, -1]), 'attrs': torch.tensor([[0, 1], [1, 1], [0, 2]])}
    )
    recorder.add_output({'hat': 9 * torch.ones(3, 2).triu(), 'top': torch.eye(3)})
    labels = recorder.measure(3)['binary']['labels']
    assert labels['hat=yes'] == {'mA': 0.5, 'accuracy': 1, 'precision': 1, 'recall': 1, 'f1': 1}


def test_memory_per_image():
    """500,000 distractors need tens of MB, and a batch is copied from the GPU once."""
    recorder, _ = record(MARKET1501, [batch(list(range(100)))])
    recorded = (recorder._predictions, recorder._labels, recorder._marks, recorder._pids)
    assert sum(array.nbytes for [array] in recorded) <= 100 * 100


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
