import torch

from midattr_plugin.datasets.class_counts import count_labels


def test_labels_are_counted_by_class():
    labels = torch.tensor([[0, 2], [1, -1], [1, 2], [-1, 0]])
    counts = count_labels(labels, (2, 4))
    assert [count.tolist() for count in counts] == [[1, 2], [1, 0, 2, 0]]


def test_unknown_labels_are_not_counted():
    counts = count_labels(torch.full((3, 2), -1), (2, 4))
    assert [count.tolist() for count in counts] == [[0] * 2, [0] * 4]
