"""VACE with each hint made right before it is used: the same numbers in two thirds of the memory.

The stock forward makes all hints first and keeps them, 0.72 GiB each at 720p. A hint depends on
the one before and on what enters the first block, never on what the main blocks do between.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers import WanVACETransformer3DModel


class InterleavedVACETransformer(WanVACETransformer3DModel):
    """`WanVACETransformer3DModel` of which one hint at a time is alive.

    is_interleaved: False runs the stock forward, for comparisons.
    """

    is_interleaved = True

    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        hidden_states: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        control_hidden_states: torch.Tensor,
        control_hidden_states_scale: torch.Tensor | None = None,
        **options: Any,
    ) -> Any:
        """The prediction (B, C, T, h, w) for hidden_states (B, C, T, h, w), in a tuple.

        control_hidden_states: (B, vace_in_channels, T, h, w). control_hidden_states_scale: one
        weight per VACE layer, 1 where None. options: `return_dict`, which must be False, and
        what the stock forward takes besides when not interleaved.
        """
        config: Any = self.config
        scale = control_hidden_states_scale
        if scale is None:
            scale = control_hidden_states.new_ones(len(config.vace_layers))
        if not self.is_interleaved:
            return super().forward(
                hidden_states,
                timestep,  # type: ignore[arg-type]
                encoder_hidden_states,
                control_hidden_states=control_hidden_states,
                control_hidden_states_scale=scale,
                **options,
            )
        shape = hidden_states.shape
        rotary_emb = self.rope(hidden_states)
        # Row after row, as the stock forward lays them: products in 8 bits take nothing else, and
        # every sum with them would come out the other way round.
        tokens = self.patch_embedding(hidden_states).flatten(2).mT.contiguous()
        control = self.vace_patch_embedding(control_hidden_states).flatten(2).mT.contiguous()
        temb, modulation, words, _ = self.condition_embedder(timestep, encoder_hidden_states, None)
        modulation = modulation.unflatten(1, (6, -1))
        weights = dict(zip(config.vace_layers, torch.unbind(scale), strict=True))
        hints = iter(self.vace_blocks)
        for layer, block in enumerate(self.blocks):
            hint = None
            if layer in weights:
                # Of `tokens` only the first of these blocks reads, and then they are the input.
                hint, control = next(hints)(tokens, words, control, modulation, rotary_emb)
            tokens = block(tokens, words, modulation, rotary_emb)
            if hint is not None:
                tokens = tokens + hint * weights[layer]
        return (self._as_video(tokens, temb, shape),)

    def _as_video(
        self, tokens: torch.Tensor, temb: torch.Tensor, shape: torch.Size
    ) -> torch.Tensor:
        """Tokens (B, L, D) as the prediction (B, C, T, h, w) of a video of `shape`."""
        table = self.scale_shift_table.to(temb.device)
        shift, scale = (table + temb.unsqueeze(1)).chunk(2, dim=1)
        tokens = (self.norm_out(tokens.float()) * (1 + scale) + shift).type_as(tokens)
        config: Any = self.config
        t, h, w = config.patch_size
        grid = (shape[2] // t, shape[3] // h, shape[4] // w)
        patches = self.proj_out(tokens).unflatten(2, (t, h, w, -1)).unflatten(1, grid)
        # (B, T, H, W, t, h, w, C) -> (B, C, T, t, H, h, W, w)
        return patches.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)
