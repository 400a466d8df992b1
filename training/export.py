"""The fine-tuned encoder as an ONNX file with int8 weights."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.minilm import HEADS, WIDTH

Array = npt.NDArray[Any]
FUSED = "com.microsoft"


class Graph:
    """Nodes and constants, in order."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def keep(self, name: str, value: Array) -> str:
        """A constant."""
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, inputs: list[str], name: str, domain: str = "", **more: Any) -> str:
        """A node with one output of its own name."""
        self.nodes.append(
            helper.make_node(kind, inputs, [name], name=f"n_{name}", domain=domain, **more)
        )
        return name

    def norm(self, x: str, name: str, state: Mapping[str, Array], key: str) -> str:
        """A layer norm."""
        # Not "_scale": the quantiser takes that name for its own.
        gain = self.keep(f"{name}_gain", state[f"{key}.weight"])
        shift = self.keep(f"{name}_shift", state[f"{key}.bias"])
        return self.add("LayerNormalization", [x, gain, shift], name, axis=-1, epsilon=1e-12)

    def linear(self, x: str, name: str, state: Mapping[str, Array], key: str) -> tuple[str, str]:
        """A product without its bias, and the name of the bias: fused with what comes after."""
        weight = self.keep(f"{name}_weight", state[f"{key}.weight"].T)
        return self.add("MatMul", [x, weight], name), self.keep(
            f"{name}_bias", state[f"{key}.bias"]
        )


def build(state: Mapping[str, Array], layers: int) -> onnx.ModelProto:
    """Inputs ids, kinds and mask, each (b, s) int64; outputs logits (b, n), meaning (b, 384)."""
    graph = Graph()
    add, keep = graph.add, graph.keep
    word = add("Gather", [keep("words", state["encoder.words.weight"]), "ids"], "word")
    kind = add("Gather", [keep("kind_table", state["encoder.kinds.weight"]), "kinds"], "kind")
    shape = add("Shape", ["ids"], "shape")
    one, two = keep("one", np.array([1])), keep("two", np.array([2]))
    length = add("Squeeze", [add("Slice", [shape, one, two], "wide")], "length")
    places = add("Range", [keep("from", np.array(0)), length, keep("step", np.array(1))], "places")
    place = add("Gather", [keep("place_table", state["encoder.places.weight"]), places], "place")
    x = add("Add", [add("Add", [word, kind], "word_kind"), place], "sum")
    x = graph.norm(x, "embedded", state, "encoder.norm")
    short = add("Cast", ["mask"], "mask32", to=TensorProto.INT32)
    for n in range(layers):
        key = f"encoder.layers.{n}"
        weight = keep(f"qkv_weight{n}", state[f"{key}.qkv.weight"].T)
        bias = keep(f"qkv_bias{n}", state[f"{key}.qkv.bias"])
        a = add("Attention", [x, weight, bias, short], f"attention{n}", FUSED, num_heads=HEADS)
        product, bias = graph.linear(a, f"out{n}", state, f"{key}.out")
        a = add("Add", [add("Add", [product, bias], f"out_sum{n}"), x], f"first{n}")
        h = graph.norm(a, f"norm1_{n}", state, f"{key}.norm1")
        product, bias = graph.linear(h, f"up{n}", state, f"{key}.up")
        up = add("FastGelu", [product, bias], f"gelu{n}", FUSED)
        product, bias = graph.linear(up, f"down{n}", state, f"{key}.down")
        a = add("Add", [add("Add", [product, bias], f"down_sum{n}"), h], f"second{n}")
        x = graph.norm(a, f"norm2_{n}", state, f"{key}.norm2")
    part = add("Cast", ["mask"], "part", to=TensorProto.FLOAT)
    wide = add("Unsqueeze", [part, keep("last", np.array([2]))], "part_wide")
    axis = keep("axis", np.array([1]))
    total = add("ReduceSum", [add("Mul", [x, wide], "kept"), axis], "total", keepdims=0)
    count = add("ReduceSum", [part, axis], "count", keepdims=1)
    mean = add("Div", [total, count], "mean")
    # Gemm stays in float32: these two are small, and their values are what is read.
    for name, key in (("logits", "heads"), ("meaning", "meaning")):
        weight = keep(f"{name}_weight", state[f"{key}.weight"].T)
        add("Gemm", [mean, weight, keep(f"{name}_bias", state[f"{key}.bias"])], name)
    columns = state["heads.weight"].shape[0]
    made = helper.make_graph(
        graph.nodes,
        "encoder",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"])
            for name in ("ids", "kinds", "mask")
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", columns]),
            helper.make_tensor_value_info("meaning", TensorProto.FLOAT, ["b", WIDTH]),
        ],
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def export(state: Mapping[str, Array], path: Path, *, layers: int) -> None:
    """Write `path`: weights as int8 by column, activations quantised while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(build(state, layers), plain)
        quantize_dynamic(
            plain,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
        )
