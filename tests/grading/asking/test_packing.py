"""Inputs as bytes: what is read again is what was packed, and any change of a tensor changes the bytes."""

from __future__ import annotations

import pickle

import pytest
import torch

from course_kit.grading.asking.packing import packed

TENSORS = {
    "dense": torch.arange(6.0).view(2, 3),
    "turned": torch.arange(6.0).view(2, 3).T,
    "whole numbers": torch.arange(4),
    "of a kind that numpy lacks": torch.ones(2, dtype=torch.bfloat16),
    "a scalar": torch.tensor(2.0),
    "empty": torch.zeros(0, 3),
    "rows": torch.eye(3).to_sparse_csr(),
    "pairs": torch.eye(3).to_sparse(),
    "learnt": torch.ones(2, requires_grad=True),
}


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_a_tensor_comes_back_as_it_was(tensor):
    (again,) = pickle.loads(packed([tensor]))
    for what in ("dtype", "layout", "shape", "requires_grad"):
        assert getattr(again, what) == getattr(tensor, what)
    assert torch.equal(again.to_dense(), tensor.to_dense())


def test_equal_tensors_have_the_same_bytes_wherever_in_memory_they_lie():
    """Or whoever draws an exam once more from the same secret would draw another."""
    held = [packed({"x": torch.arange(6.0).view(2, 3), "mask": torch.ones(2, dtype=torch.bool)}) for _ in range(2)]
    assert held[0] == held[1]


def test_what_comes_back_is_a_copy():
    tensor = torch.zeros(3)
    again = pickle.loads(packed(tensor))
    again += 1
    assert tensor.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "change", [lambda x: x.add_(1), lambda x: x.requires_grad_(), lambda x: x.resize_(1)], ids=["value", "grad", "size"]
)
def test_each_change_is_seen(change):
    tensor = torch.ones(2)
    before = packed({"x": tensor})
    assert packed({"x": tensor}) == before
    change(tensor)
    assert packed({"x": tensor}) != before


@pytest.mark.parametrize("change", [lambda x: x.add_(1), lambda x: x.resize_(1)], ids=["value", "size"])
def test_each_change_of_numbers_is_seen_in_them_alone(change):
    tensor = torch.ones(2)
    before = packed({"x": tensor}, numbers_alone=True)
    change(tensor)
    assert packed({"x": tensor.requires_grad_()}, numbers_alone=True) != before


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_of_its_numbers_alone_nothing_tells_that_a_tensor_collects_gradients(tensor):
    tensor = tensor.detach().clone()
    before = packed([tensor], numbers_alone=True)
    if tensor.is_floating_point():
        tensor.requires_grad_().to_dense().sum().backward()
    assert packed([tensor], numbers_alone=True) == before
    (again,) = pickle.loads(before)
    assert torch.equal(again.to_dense(), tensor.to_dense())
