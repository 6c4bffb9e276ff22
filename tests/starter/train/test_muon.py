"""Muon in the format of its parameters: orthogonal updates, and torch's own as the yardstick."""

from __future__ import annotations

import pytest
import torch

from ourvidz.starter.train.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(2, 24, 24), (3, 16, 40), (1, 40, 16)])
def test_all_singular_values_come_near_one(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    found = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert found.median() > 0.6 and found.max() < 1.4  # the smallest take longer


def test_it_goes_where_torchs_muon_goes() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(16, 40), torch.randn(3, 16, 40)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    stock = torch.optim.Muon(
        [theirs], lr=0.02, weight_decay=0.01, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    mine = Muon([ours], lr=0.02)
    for gradient in gradients:
        for parameter, optimizer in ((ours, mine), (theirs, stock)):
            parameter.grad = gradient.clone()
            optimizer.step()
    moved = (theirs - start).norm()
    assert (ours - theirs).norm() < 0.05 * moved  # torch computes in bf16


def test_what_has_no_gradient_stays() -> None:
    idle = torch.nn.Parameter(torch.ones(2, 2))
    Muon([idle], lr=0.1).step()
    assert torch.equal(idle, torch.ones(2, 2))
