"""What training reads off the middle of the network."""

from __future__ import annotations

import random
from itertools import islice

import numpy as np
import pytest
import torch
from diffusers import WanTransformer3DModel

from ourvidz.starter.critic import ANSWERS
from ourvidz.starter.train.critic import training_scenes
from ourvidz.starter.train.reader import Reader, answers_of


def answers(count: int) -> torch.Tensor:
    scenes = islice(training_scenes(random.Random(5)), count)
    return torch.from_numpy(np.stack([answers_of(scene) for scene in scenes]))


def test_it_learns_to_read_what_the_tokens_hold() -> None:
    torch.manual_seed(0)
    asked = answers(64)
    reader = Reader(96)
    codes = [torch.randn(len(choices), 96) for choices in ANSWERS.values()]
    told = sum(code[row.clamp(min=0)] for code, row in zip(codes, asked.T, strict=True))
    reader.tokens = told[:, None].repeat(1, 7, 1)  # type: ignore[index]
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.02)
    first = reader.loss(asked).item()
    for _ in range(150):
        optimizer.zero_grad()
        reader.loss(asked).backward()
        optimizer.step()
    assert first > 1 and reader.loss(asked).item() < 0.05


def test_it_watches_the_block_in_the_middle_and_teaches_the_words_before_it() -> None:
    torch.manual_seed(0)
    transformer = WanTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=24, in_channels=4,
        out_channels=4, text_dim=8, freq_dim=16, ffn_dim=32, num_layers=4, rope_max_seq_len=16,
    )  # fmt: skip
    reader = Reader(48)
    reader.watch(transformer)
    transformer(
        hidden_states=torch.randn(3, 4, 1, 4, 4),
        timestep=torch.full((3,), 500.0),
        encoder_hidden_states=torch.randn(3, 5, 8),
    )
    reader.loss(answers(3)).backward()
    taught = {
        index: block.attn2.to_v.weight.grad is not None
        for index, block in enumerate(transformer.blocks)
    }
    assert taught == {0: True, 1: True, 2: True, 3: False}
    words = transformer.condition_embedder.text_embedder.linear_1.weight.grad
    assert words is not None and words.abs().sum() > 0


def test_it_learns_where_the_subject_is_cell_by_cell() -> None:
    torch.manual_seed(0)
    subject = torch.zeros(5, 1, 3, 8, 14)
    for row in subject[:, 0]:
        for cells in row:
            cells[torch.randint(8, ()), torch.randint(14, ())] = 1
    reader = Reader(64)
    # Each token knows its own cells, as a network would that patches by 2 x 2.
    patches = torch.nn.functional.unfold(subject[:, 0].flatten(0, 1)[:, None], 2, stride=2)
    known = patches.transpose(1, 2).reshape(5, 3 * 28, 4)
    reader.tokens = known @ torch.randn(4, 64) + 0.01 * torch.randn(64)
    optimizer = torch.optim.Adam(reader.parameters(), lr=0.02)
    for _ in range(200):
        optimizer.zero_grad()
        reader.found(subject).backward()
        optimizer.step()
    assert reader.found(subject).item() < 0.01 < reader.found(subject.flip(4)).item()


def test_what_means_nothing_is_not_asked() -> None:
    reader = Reader(16)
    reader.tokens = torch.randn(2, 3, 16)
    assert reader.loss(torch.full((2, len(ANSWERS)), -100)).item() == 0


def test_without_a_pass_there_is_nothing_to_read() -> None:
    with pytest.raises(RuntimeError):
        Reader(16).loss(answers(1))
