from types import SimpleNamespace

import torch

from midattr_plugin.datasets.class_counts import count_labels, report_unknown_classes
from midattr_plugin.schema import WHOLE_BODY, Attribute, AttributeSchema


def test_labels_are_counted_by_class():
    labels = torch.tensor([[0, 2], [1, -1], [1, 2], [-1, 0]])
    counts = count_labels(labels, (2, 4))
    assert [count.tolist() for count in counts] == [[1, 2], [1, 0, 2, 0]]


def test_unknown_labels_are_not_counted():
    counts = count_labels(torch.full((3, 2), -1), (2, 4))
    assert [count.tolist() for count in counts] == [[0] * 2, [0] * 4]


def test_classes_that_the_model_does_not_know_are_told(capsys):
    def schema(**classes):
        return AttributeSchema(
            'x', tuple(Attribute(name, values, WHOLE_BODY) for name, values in classes.items())
        )

    labels = {'a': (0, 1, 0), 'b': (2, 0, 1), 'c': (2, -1, 0), 'd': (1, 0, 0)}
    dataset = SimpleNamespace(
        schema=schema(vest=('red', 'blue', 'pink'), hat=('no', 'yes'), shoes=('x', 'y')),
        data=[(path, 0, 0, 0) for path in labels],
        labels=lambda path: torch.tensor(labels[path]),
    )
    report_unknown_classes(schema(vest=('blue', 'red'), hat=('yes', 'no')), dataset, 'csv')
    assert capsys.readouterr().out == (
        'csv: not scored, as the model does not know the class: vest pink (2 images)\n'
    )
    report_unknown_classes(schema(hat=('no', 'yes')), dataset, 'csv')
    report_unknown_classes(None, dataset, 'csv')
    assert capsys.readouterr().out == ''
