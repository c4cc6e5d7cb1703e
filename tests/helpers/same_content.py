"""Checkpoints, compared value by value."""

from typing import Any

import torch


def assert_same(a: Any, b: Any) -> None:
    """Check that the contents of two checkpoints are bit-identical, in the same order."""
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    else:
        assert a == b
