"""Annotation file to scores, beside slow references that read the raw fields of the file.

On the annotators' files, where they are at hand, and on small made-up ones with colors that are
missing or marked twice, and a label of value 0. The images are simulated.
"""

import numpy as np
import pytest
import scipy.io
import torch

from helpers import attribute_references as reference
from helpers.fake_market import ANNOTATIONS, fields_by_identity, write_annotations
from helpers.paths import SHARED
from midattr_plugin.datasets import DUKEMTMCREID, MARKET1501
from midattr_plugin.engine.attribute_recorder import AttributeRecorder


@pytest.fixture(params=['published', 'made up'])
def origin(request):
    return request.param


@pytest.fixture(params=[MARKET1501, DUKEMTMCREID], ids=lambda schema: schema.name)
def gallery(request, origin, tmp_path):
    """The schema, the file, the raw fields of the test identities, and the identity of each image:
    sorted by file name, some background first."""
    schema = request.param
    path = SHARED / 'annotations' / ANNOTATIONS[schema.name].name
    if origin == 'made up':
        path = tmp_path / path.name
        people = [fields_by_identity(schema, pids) for pids in ([9], range(11, 19))]
        write_annotations(path, schema, *people)
    elif not path.is_file():
        pytest.skip(f'{path.name} is published by the annotators and not part of this project')
    content = scipy.io.loadmat(path, squeeze_me=True, struct_as_record=False)
    people = reference.fields_of(content[path.stem].test)
    sizes = np.random.default_rng(0).integers(1, 5, len(people))
    pids = np.repeat([0, *sorted(people)], [7, *sizes])
    return schema, path, people, pids


def simulate(schema, path, pids):
    """Record logits that are right more often than not, and return what is measured, with the
    predicted class and its probability of each image and attribute."""
    source = ANNOTATIONS[schema.name]
    labels, marks = source.read(path, schema), source.read_marks(path, schema)
    recorder = AttributeRecorder(
        schema, schema, {f'{pid}.jpg': marks[pid] for pid in set(pids.tolist()) - {0}}
    )
    generator = torch.Generator().manual_seed(1)
    predicted = []
    unknown = (-1,) * len(schema)
    for part in np.split(pids, range(1000, len(pids), 1000)):
        attrs = torch.tensor([labels.get(pid, unknown) for pid in part.tolist()])
        logits = {}
        for i, attribute in enumerate(schema):
            noise = torch.randn(len(part), len(attribute.classes), generator=generator)
            known = attrs[:, i] >= 0
            noise[known, attrs[known, i]] += 1.5
            logits[attribute.name] = noise
        paths = [f'{pid}.jpg' for pid in part.tolist()]
        recorder.add_batch({'pid': torch.tensor(part), 'attrs': attrs, 'impath': paths})
        recorder.add_output(logits)
        probabilities = {name: values.double().softmax(1) for name, values in logits.items()}
        predicted += [
            {name: values[row].tolist() for name, values in probabilities.items()}
            for row in range(len(part))
        ]
    return recorder.measure(len(pids)), predicted


def test_as_the_annotators_and_the_literature_score_them(gallery, origin):
    schema, path, people, pids = gallery
    measured, predicted = simulate(schema, path, pids)
    images = [
        (people[pid], probabilities)
        for pid, probabilities in zip(pids.tolist(), predicted, strict=True)
        if pid > 0
    ]
    assert len(images) == len(pids) - 7

    protocol = {}
    for attribute in schema:
        right = 0
        for fields, probabilities in images:
            values = probabilities[attribute.name]
            best = attribute.classes[values.index(max(values))]
            right += reference.is_right(attribute, fields, best)
        protocol[attribute.name] = right / len(images)
        assert measured['scores'][attribute.name]['protocol_accuracy'] == protocol[attribute.name]
    assert measured['scores']['average']['protocol_accuracy'] == pytest.approx(
        np.mean(list(protocol.values())), abs=1e-12
    )

    pairs_by_label, pairs_by_image = {}, []
    for fields, probabilities in images:
        pairs_by_image.append([])
        for attribute in schema:
            for name, label in reference.binary_labels(attribute, fields).items():
                index = attribute.classes.index(name.split('=')[1])
                pair = label, probabilities[attribute.name][index] > 0.5
                if label is not None:
                    pairs_by_label.setdefault(name, []).append(pair)
                    pairs_by_image[-1].append(pair)
    view = measured['binary']
    expected = {name: reference.label_scores(pairs) for name, pairs in pairs_by_label.items()}
    assert len(expected) == {MARKET1501.name: 30, DUKEMTMCREID.name: 23}[schema.name]
    assert set(view['labels']) == set(expected) and view['left_out'] == []
    for name, scores in expected.items():
        assert view['labels'][name] == pytest.approx(scores, abs=1e-12)
    assert view['mean'] == pytest.approx(
        {key: np.mean([scores[key] for scores in expected.values()]) for key in view['mean']},
        abs=1e-12,
    )
    assert view['instance'] == pytest.approx(reference.instance_scores(pairs_by_image), abs=1e-12)
    if origin == 'published' and schema is MARKET1501:
        # nobody in the gallery wears purple trousers: the best possible mA of that label is 0.5
        assert view['labels']['lower_color=purple']['recall'] == 0
        assert view['labels']['lower_color=purple']['mA'] <= 0.5
