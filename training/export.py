"""Trained layers as ONNX files with int8 weights."""

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

from levelhead.analysis.encoder import MAX_PIECES
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


def build(state: Mapping[str, Array], name: str) -> onnx.ModelProto:
    """The layers `name` of `state`; inputs words (b, s, 384) float32, kinds and mask (b, s) int64.

    The output "vector" (b, 384) is the mean over pieces. Where `state` has heads for it, "logits"
    (b, n) are what they say of that mean.
    """
    graph = Graph()
    add, keep = graph.add, graph.keep
    shape = add("Shape", ["mask"], "shape")
    one, two = keep("one", np.array([1])), keep("two", np.array([2]))
    length = add("Squeeze", [add("Slice", [shape, one, two], "wide")], "length")
    places = add("Range", [keep("from", np.array(0)), length, keep("step", np.array(1))], "places")
    table = keep("place_table", state[f"{name}.places.weight"][:MAX_PIECES])
    placed = add("Add", ["words", add("Gather", [table, places], "place")], "placed")
    x = _add_layers(
        graph, state, name, placed, add("Cast", ["mask"], "mask32", to=TensorProto.INT32)
    )
    part = add("Cast", ["mask"], "part", to=TensorProto.FLOAT)
    wide = add("Unsqueeze", [part, keep("last", np.array([2]))], "part_wide")
    axis = keep("axis", np.array([1]))
    count = add("ReduceSum", [part, axis], "count", keepdims=1)
    total = add("ReduceSum", [add("Mul", [x, wide], "kept"), axis], "total", keepdims=0)
    add("Div", [total, count], "vector")
    outputs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["b", WIDTH])]
    if f"{name}_heads.weight" in state:
        # Gemm stays in float32: it is small, and its values are what is read.
        weight = keep("logits_weight", state[f"{name}_heads.weight"].T)
        add("Gemm", ["vector", weight, keep("logits_bias", state[f"{name}_heads.bias"])], "logits")
        columns = state[f"{name}_heads.weight"].shape[0]
        outputs.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["b", columns]))
    made = helper.make_graph(
        graph.nodes,
        name,
        [
            helper.make_tensor_value_info("words", TensorProto.FLOAT, ["b", "s", WIDTH]),
            helper.make_tensor_value_info("kinds", TensorProto.INT64, ["b", "s"]),
            helper.make_tensor_value_info("mask", TensorProto.INT64, ["b", "s"]),
        ],
        outputs,
        graph.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def _add_layers(graph: Graph, state: Mapping[str, Array], name: str, placed: str, mask: str) -> str:
    """All layers of `name` on the words at their places; what the last one says."""
    add, keep = graph.add, graph.keep
    kind = add("Gather", [keep(f"{name}_kinds", state[f"{name}.kinds.weight"]), "kinds"],
               f"{name}_kind")  # fmt: skip
    x = add("Add", [placed, kind], f"{name}_sum")
    x = graph.norm(x, f"{name}_embedded", state, f"{name}.norm")
    layers = 1 + max(int(key.split(".")[2]) for key in state if key.startswith(f"{name}.layers."))
    for n in range(layers):
        key, at = f"{name}.layers.{n}", f"{name}{n}"
        weight = keep(f"qkv_weight_{at}", state[f"{key}.qkv.weight"].T)
        bias = keep(f"qkv_bias_{at}", state[f"{key}.qkv.bias"])
        a = add("Attention", [x, weight, bias, mask], f"attention_{at}", FUSED, num_heads=HEADS)
        product, bias = graph.linear(a, f"out_{at}", state, f"{key}.out")
        a = add("Add", [add("Add", [product, bias], f"out_sum_{at}"), x], f"first_{at}")
        h = graph.norm(a, f"norm1_{at}", state, f"{key}.norm1")
        product, bias = graph.linear(h, f"up_{at}", state, f"{key}.up")
        up = add("FastGelu", [product, bias], f"gelu_{at}", FUSED)
        product, bias = graph.linear(up, f"down_{at}", state, f"{key}.down")
        a = add("Add", [add("Add", [product, bias], f"down_sum_{at}"), h], f"second_{at}")
        x = graph.norm(a, f"norm2_{at}", state, f"{key}.norm2")
    return x


def export(state: Mapping[str, Array], name: str, path: Path) -> None:
    """Write `path`: weights as int8 by column, activations quantised while it runs."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(build(state, name), plain)
        quantize_dynamic(
            plain,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
            op_types_to_quantize=["MatMul", "Attention"],
        )


def export_words(table: Array, path: Path) -> None:
    """Write the vectors of the word pieces, which both sets of layers stand on: int8 by row."""
    step = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    rows = np.rint(table / step[:, None]).astype(np.int8)
    np.savez(path, rows=rows, step=step.astype(np.float32))
