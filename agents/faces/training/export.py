"""The trained network as one ONNX file, written operator by operator: find, cut out, read.

Normalisation is folded into the convolutions, the sum over letters and the squashing are part of
the graph, and weights are stored in half precision and widened on loading: half the bytes for a
difference in intensity of less than a hundredth. The file holds nothing but the graph: no paths, no
versions, no dates, so that the same weights give the same bytes.
"""

from math import radians
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mirrorplay.agents.faces.readout import CHANNELS, CLOSE, COARSE, LEVELS, POSE, SIDE
from mirrorplay.agents.faces.training.network import LEAST_SPREAD, Finder, Layer, Network, Reader
from mirrorplay.agents.faces.training.place import HALF, PLACE, TILT

OPSET, IR = 17, 8


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: NDArray[np.float32]) -> str:
        """A learnt weight, kept in half precision."""
        self.weights.append(numpy_helper.from_array(value.astype(np.float16), name + ".half"))
        return self.add("Cast", [name + ".half"], name, to=TensorProto.FLOAT)

    def constant(self, name: str, value: NDArray[np.floating[Any]]) -> str:
        """A number that is not learnt, in full precision."""
        self.weights.append(numpy_helper.from_array(value.astype(np.float32), name))
        return name

    def whole(self, name: str, values: list[int]) -> str:
        """Whole numbers: shapes and axes."""
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def layers(self, name: str, layers: torch.nn.ModuleList, x: str) -> str:
        """Convolutions one after another, flattened."""
        for place, layer in enumerate(layers):
            x = self.convolution(f"{name}.{place}", layer, x)
        return self.add("Flatten", [x], f"{name}.flat")

    def convolution(self, name: str, layer: Layer, x: str) -> str:
        kernel, bias = folded(layer)
        size, stride = layer.conv.kernel_size[0], layer.conv.stride[0]
        y = self.add(
            "Conv",
            [x, self.weight(f"{name}.kernel", kernel), self.weight(f"{name}.bias", bias)],
            f"{name}.conv",
            kernel_shape=[size, size],
            strides=[stride, stride],
            pads=[size // 2] * 4,
        )
        y = self.add("Relu", [y], f"{name}.relu")
        return self.add("Add", [x, y], f"{name}.sum") if layer.adds else y

    def linear(self, name: str, layer: torch.nn.Linear, x: str) -> str:
        matrix = self.weight(f"{name}.matrix", layer.weight.detach().numpy())
        bias = self.weight(f"{name}.bias", layer.bias.detach().numpy())
        return self.add("Gemm", [x, matrix, bias], f"{name}.out", transB=1)


def folded(layer: Layer) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of the convolution with its normalisation in them."""
    norm = layer.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    kernel = layer.conv.weight * scale[:, None, None, None]
    bias = norm.bias - norm.running_mean * scale
    return kernel.detach().contiguous().numpy(), bias.detach().numpy()


def export(model: Network, path: Path, gains: NDArray[np.float32] | None = None) -> None:
    """Writes the file: input `pixels` (1, SIDE, SIDE, 3) of bytes; outputs `intensities`,
    multiplied by `gains` (one for each channel), `pose` and `face`."""
    graph = _Graph()
    x = graph.add("Cast", ["pixels"], "float", to=TensorProto.FLOAT)
    x = graph.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])
    place = _find(graph, model.finder, x)
    close = _close_up(graph, x, place)
    _read(graph, model.reader, close, place[2], np.ones(len(CHANNELS)) if gains is None else gains)
    value = helper.make_tensor_value_info
    built = helper.make_graph(
        graph.nodes,
        "perceiver",
        [value("pixels", TensorProto.UINT8, [1, SIDE, SIDE, 3])],
        [
            value("intensities", TensorProto.FLOAT, [1, len(CHANNELS)]),
            value("pose", TensorProto.FLOAT, [1, len(POSE)]),
            value("face", TensorProto.FLOAT, [1]),
        ],
        graph.weights,
    )
    proto = helper.make_model(
        built, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="mirrorplay"
    )
    proto.ir_version = IR
    onnx.checker.check_model(proto, full_check=True)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def _evened(graph: _Graph, name: str, x: str) -> str:
    """`network.evened` as operators."""
    axes = {"axes": [1, 2, 3], "keepdims": 1}
    mean = graph.add("ReduceMean", [x], f"{name}.mean", **axes)
    x = graph.add("Sub", [x, mean], f"{name}.centred")
    power = graph.add("ReduceMean", [graph.add("Mul", [x, x], f"{name}.square")],
                      f"{name}.power", **axes)  # fmt: skip
    spread = graph.add("Sqrt", [power], f"{name}.spread")
    least = graph.constant(f"{name}.least", np.array(LEAST_SPREAD))
    spread = graph.add("Max", [spread, least], f"{name}.divisor")
    return graph.add("Div", [x, spread], f"{name}.evened")


def _find(graph: _Graph, finder: Finder, x: str) -> list[str]:
    """The four numbers of the place, each of shape (1, 1)."""
    block = SIDE // COARSE
    x = graph.add("AveragePool", [x], "thumbnail", kernel_shape=[block, block],
                  strides=[block, block])  # fmt: skip
    x = graph.layers("find", finder.layers, _evened(graph, "find", x))
    x = graph.add("Relu", [graph.linear("find.hidden", finder.hidden, x)], "find.features")
    found = graph.linear("find.place", finder.place, x)
    names = [f"place.{name}" for name in PLACE]
    graph.nodes.append(helper.make_node("Split", [found], names, axis=1))
    return names


def _close_up(graph: _Graph, x: str, place: list[str]) -> str:
    """`place.close_up` as operators: a turned, scaled and moved grid, and a sampling of it."""
    across, down, tilt, size = place
    turn = graph.add("Mul", [tilt, graph.constant("radians", np.array(radians(TILT)))], "turn")
    half = graph.add("Exp", [size], "half")
    cosine, sine = (
        graph.add("Mul", [half, graph.add(kind, [turn], f"{kind}.turn")], f"{kind}.half")
        for kind in ("Cos", "Sin")
    )
    negative = graph.add("Neg", [sine], "sine.negative")
    # One product of (u, v, 1) with a matrix: broadcasting over pairs is ten times slower.
    row = graph.add("Concat", [cosine, sine, negative, cosine, across, down], "row", axis=1)
    matrix = graph.add("Reshape", [row, graph.whole("matrix.shape", [3, 2])], "matrix")
    steps = ((np.arange(CLOSE) + 0.5) / CLOSE * 2 - 1) * HALF
    u, v = (plane.ravel() for plane in np.meshgrid(steps, steps))
    base = graph.constant("base", np.stack([u, v, np.ones_like(u)], -1))
    pairs = graph.add("MatMul", [base, matrix], "pairs")
    grid = graph.add("Reshape", [pairs, graph.whole("grid.shape", [1, CLOSE, CLOSE, 2])], "grid")
    return graph.add("GridSample", [x, grid], "close", mode="bilinear", padding_mode="border",
                     align_corners=0)  # fmt: skip


def _read(
    graph: _Graph, reader: Reader, x: str, tilt: str, gains: NDArray[np.floating[Any]]
) -> None:
    """Intensities, pose (what the close-up's own tilt took away is given back) and face."""
    x = graph.layers("read", reader.layers, _evened(graph, "read", x))
    x = graph.add("Relu", [graph.linear("read.hidden", reader.hidden, x)], "features")
    units = graph.add("Sigmoid", [graph.linear("units", reader.units, x)], "chances")
    shape = graph.whole("shape", [1, len(CHANNELS), LEVELS])
    units = graph.add("Reshape", [units, shape], "letters")
    units = graph.add("ReduceSum", [units, graph.whole("last", [2])], "expected", keepdims=0)
    units = graph.add("Mul", [units, graph.constant("gains", gains)], "gained")
    graph.add("Min", [units, graph.constant("most", np.array(float(LEVELS)))], "intensities")
    roll = np.array([[float(name == "head_roll") for name in POSE]])
    taken = graph.add("Mul", [tilt, graph.constant("roll", roll)], "taken")
    graph.add("Add", [graph.linear("posed", reader.pose, x), taken], "pose")
    face = graph.add("Sigmoid", [graph.linear("present", reader.face, x)], "chance")
    graph.add("Reshape", [face, graph.whole("flatten", [1])], "face")
