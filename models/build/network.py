"""EfficientNet-Lite0 as an ONNX graph, from the state dict of the PyTorch conversion.

Inference only: batch norm is folded into the convolutions and dropout is gone. Every weight matrix
is stored as float16 and cast to float32 by the graph, so the file is half as large and the
arithmetic stays float32 (a runtime folds the casts when it creates the session). Biases stay
float32. The graph holds nothing but the network: no date, no producer, no doc strings.

Shapes and constants: Google's EfficientNet-Lite (tensorflow/tpu, models/official/efficientnet/lite).
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

# repeats, kernel, stride of the first, expansion, channels in, channels out
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
SIZE = 224
FEATURES = 1280
CLASSES = 1000
BATCH_NORM_EPSILON = 1e-3
OPSET = 13
IR_VERSION = 7


def same_padding(size: int, kernel: int, stride: int) -> list[int]:
    """TensorFlow's "same": the output is ceil(size / stride); the odd pixel goes to the bottom right.
    As ONNX pads: top, left, bottom, right."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2]


class _Graph:
    def __init__(self, state: dict[str, np.ndarray]):
        self.unused = {name: array for name, array in state.items() if not name.endswith("num_batches_tracked")}
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.constant("relu6.min", np.array(0, np.float32))
        self.constant("relu6.max", np.array(6, np.float32))

    def take(self, name: str) -> np.ndarray:
        return self.unused.pop(name)

    def constant(self, name: str, array: np.ndarray) -> str:
        kind = {"<f4": TensorProto.FLOAT, "<f2": TensorProto.FLOAT16}[array.dtype.newbyteorder("<").str]
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        self.constants.append(helper.make_tensor(name, kind, array.shape, raw, raw=True))
        return name

    def node(self, op: str, inputs: list[str], output: str, **attributes) -> str:
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{output}/{op}", **attributes))
        return output

    def weight(self, name: str, array: np.ndarray) -> str:
        """A constant stored as float16, seen by the graph as float32."""
        half = array.astype(np.float16)
        if not np.isfinite(half).all():
            raise ValueError(f"{name} does not fit into float16")
        stored = self.constant(f"{name}.f16", half)
        return self.node("Cast", [stored], name, to=TensorProto.FLOAT)

    def conv(self, x: str, name: str, conv: str, norm: str, size: int, kernel: int, stride: int, groups: int) -> str:
        weight = self.take(f"{conv}.weight").astype(np.float64)
        gamma, beta, mean, variance = (
            self.take(f"{norm}.{part}").astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        if weight.shape[2:] != (kernel, kernel):
            raise ValueError(f"{conv} has shape {weight.shape}, expected kernel {kernel}")
        inputs = [
            x,
            self.weight(f"{name}.weight", weight * factor[:, None, None, None]),
            self.constant(f"{name}.bias", (beta - mean * factor).astype(np.float32)),
        ]
        pads = same_padding(size, kernel, stride)
        shape = {"kernel_shape": [kernel, kernel], "strides": [stride, stride], "pads": pads, "group": groups}
        return self.node("Conv", inputs, name, **shape)

    def relu6(self, x: str) -> str:
        return self.node("Clip", [x, "relu6.min", "relu6.max"], f"{x}.relu6")


def _blocks(graph: _Graph, x: str, size: int) -> tuple[str, int]:
    index = 0
    for repeats, kernel, first_stride, expansion, channels_in, channels_out in STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            channels = channels_in if repeat == 0 else channels_out
            source, name, skip = f"_blocks.{index}", f"block{index}", x
            wide = channels * expansion
            if expansion != 1:
                x = graph.relu6(graph.conv(x, f"{name}.expand", f"{source}._expand_conv", f"{source}._bn0", size, 1, 1, 1))
            x = graph.relu6(
                graph.conv(x, f"{name}.depthwise", f"{source}._depthwise_conv", f"{source}._bn1", size, kernel, stride, wide)
            )
            size = -(-size // stride)
            x = graph.conv(x, f"{name}.project", f"{source}._project_conv", f"{source}._bn2", size, 1, 1, 1)
            if stride == 1 and channels == channels_out:
                x = graph.node("Add", [x, skip], f"{name}.sum")
            index += 1
    return x, size


def build(state: dict[str, np.ndarray]) -> bytes:
    """The serialised model: `input` f32 [N,3,224,224] -> `logits` f32 [N,1000], `features` f32 [N,1280].
    The same state dict gives the same bytes. Raises when a weight is missing, left over or misshapen."""
    graph = _Graph(state)
    x = graph.relu6(graph.conv("input", "stem", "_conv_stem", "_bn0", SIZE, 3, 2, 1))
    x, size = _blocks(graph, x, SIZE // 2)
    x = graph.relu6(graph.conv(x, "head", "_conv_head", "_bn1", size, 1, 1, 1))
    graph.node("Flatten", [graph.node("GlobalAveragePool", [x], "pool")], "features", axis=1)
    classifier = [
        "features",
        graph.weight("classifier.weight", graph.take("_fc.weight")),
        graph.constant("classifier.bias", graph.take("_fc.bias")),
    ]
    graph.node("Gemm", classifier, "logits", transB=1)
    if graph.unused:
        raise ValueError(f"weights left over: {', '.join(graph.unused)}")

    def tensor(name: str, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])

    outputs = [tensor("logits", CLASSES), tensor("features", FEATURES)]
    inputs = [tensor("input", 3, SIZE, SIZE)]
    proto = helper.make_graph(graph.nodes, "efficientnet-lite0", inputs, outputs, graph.constants)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)
