"""Trained layers as ONNX files with int8 weights."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from levelhead.analysis.encoder import MAX_PIECES, open_session
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


def export(
    state: Mapping[str, Array], name: str, path: Path, sample: Sequence[Mapping[str, Array]]
) -> None:
    """Write `path`: weights as int8 by column, values between the layers as uint8.

    `sample` holds inputs as the model takes them; what they need says how wide those values reach.
    """
    with tempfile.TemporaryDirectory() as folder:
        plain, free = Path(folder) / "plain.onnx", Path(folder) / "free.onnx"
        onnx.save(build(state, name), plain)
        quantize_dynamic(
            plain,
            free,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
            op_types_to_quantize=["MatMul", "Attention"],
            # The heads are small, and their values are what is read.
            nodes_to_exclude=["n_logits_MatMul"],
        )
        model = onnx.load(free)
    onnx.save(fix_ranges(model, find_ranges(model, sample)), path)


_FREE = "DynamicQuantizeLinear"


def find_ranges(
    model: onnx.ModelProto, sample: Sequence[Mapping[str, Array]]
) -> dict[str, tuple[float, float]]:
    """Lowest and highest value over `sample`, by name of each node that chooses its own range."""
    free = [node for node in model.graph.node if node.op_type == _FREE]
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    names = [output for node in free for output in node.output[1:]]
    shown.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = open_session(shown.SerializeToString())
    low, high = np.full(len(free), -1e-3), np.full(len(free), 1e-3)
    for inputs in sample:
        found = session.run(names, dict(inputs))
        steps = np.array(found[0::2], dtype=np.float64)
        zeros = np.array(found[1::2], dtype=np.float64)
        low, high = np.minimum(low, -zeros * steps), np.maximum(high, (255 - zeros) * steps)
    return {node.name: (float(a), float(b)) for node, a, b in zip(free, low, high, strict=True)}


def fix_ranges(
    model: onnx.ModelProto, ranges: Mapping[str, tuple[float, float]]
) -> onnx.ModelProto:
    """The same range for every text, so that none is read otherwise for the company it is in."""
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    nodes = []
    for node in fixed.graph.node:
        if node.op_type != _FREE:
            nodes.append(node)
            continue
        low, high = ranges[node.name]
        value, step, zero = node.output
        size = (high - low) / 255
        constants = (
            (np.array(size, np.float32), step),
            (np.array(round(-low / size), np.uint8), zero),
        )
        fixed.graph.initializer.extend(numpy_helper.from_array(*one) for one in constants)
        nodes.append(
            helper.make_node("QuantizeLinear", [node.input[0], step, zero], [value], name=node.name)
        )
    del fixed.graph.node[:]
    fixed.graph.node.extend(nodes)
    return fixed


def export_words(table: Array, path: Path) -> None:
    """Write the vectors of the word pieces, which both sets of layers stand on: int8 by row."""
    step = np.maximum(np.abs(table).max(axis=1), 1e-9) / 127
    rows = np.rint(table / step[:, None]).astype(np.int8)
    np.savez(path, rows=rows, step=step.astype(np.float32))
