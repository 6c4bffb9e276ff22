"""The shapes of models: the few numbers that memory and time follow from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Tokens of one picture as CLIP sees it.
_ONE_PICTURE = 257


@dataclass(frozen=True, kw_only=True)
class TransformerDims:
    """A transformer's shape, in the words of its config.

    num_layers: blocks. dim: width of a token, heads times `head_dim`. ffn_dim: width inside the
    feed-forward. in_channels, out_channels: of latents, with those of a condition. text_dim,
    text_tokens: of the embeds. vace_layers: control blocks beside the main ones, vace_channels
    wide at their input. image_dim, image_tokens: of the CLIP embeds that every block also
    attends to; 0 for none. per_token_time: given frames are known by their own timestep.
    """

    num_layers: int
    dim: int
    ffn_dim: int
    in_channels: int = 16
    out_channels: int = 16
    head_dim: int = 128
    text_dim: int = 4096
    text_tokens: int = 512
    vace_layers: int = 0
    vace_channels: int = 0
    image_dim: int = 0
    image_tokens: int = 0
    per_token_time: bool = False

    @property
    def config(self) -> dict[str, Any]:
        """What diffusers' class is made with.

        >>> TransformerDims(num_layers=40, dim=5120, ffn_dim=13824).config["num_attention_heads"]
        40
        """
        config: dict[str, Any] = {
            "patch_size": (1, 2, 2),
            "num_attention_heads": self.dim // self.head_dim,
            "attention_head_dim": self.head_dim,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "text_dim": self.text_dim,
            "ffn_dim": self.ffn_dim,
            "num_layers": self.num_layers,
        }
        if self.image_dim:
            config |= {"image_dim": self.image_dim, "added_kv_proj_dim": self.dim}
            if self.image_tokens > _ONE_PICTURE:  # then their places count
                config["pos_embed_seq_len"] = self.image_tokens
        if self.vace_layers:
            every = self.num_layers // self.vace_layers
            config["vace_layers"] = tuple(range(0, self.num_layers, every))
            config["vace_in_channels"] = self.vace_channels
        return config

    @property
    def block_parameters(self) -> int:
        """Weights of one block.

        >>> large = TransformerDims(num_layers=40, dim=5120, ffn_dim=13824)
        >>> large.block_parameters
        351394304
        """
        d, image = self.dim, 2 * self.dim * (self.dim + 1) + self.dim if self.image_dim else 0
        attention = 2 * (4 * d * (d + 1) + 2 * d)
        return attention + image + 2 * d * self.ffn_dim + self.ffn_dim + d + 2 * d + 6 * d


@dataclass(frozen=True, kw_only=True)
class VaeDims:
    """A VAE's shape, and what one delivered pixel costs it.

    spatial_factor: pixels per latent cell, in each direction. patch: pixels that its first layer
    takes as one. *_flops: per pixel of a frame,
    averaged over a clip. *_bytes: fp32 working memory per pixel of the picture: of decoding one
    latent frame after the other, of a lone first one, and of encoding.
    """

    spatial_factor: int
    patch: int = 1
    decode_flops: float
    encode_flops: float
    decode_bytes: int
    still_bytes: int
    encode_bytes: int
