"""The work that every server in Python here does: a JPEG in, the five best classes out.

Pillow decodes and resizes (short side 256, bilinear, centre crop 224), ONNX Runtime runs the model. BENCH_MODEL says
which, as JSON: path, names of input and output, mean and std in levels of 0 to 255; BENCH_THREADS its intra-op threads.
"""

import io
import json
import os

import numpy as np
import onnxruntime as ort
from PIL import Image

MODEL = json.loads(os.environ["BENCH_MODEL"])
MEAN = np.array(MODEL["mean"], np.float32)
STD = np.array(MODEL["std"], np.float32)


def session():
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(os.environ["BENCH_THREADS"])
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(MODEL["path"], options, providers=["CPUExecutionProvider"])


def prepare(jpeg: bytes) -> np.ndarray:
    """Encoded image -> float32 [3, 224, 224]."""
    image = Image.open(io.BytesIO(jpeg)).convert("RGB")
    width, height = image.size
    scale = 256 / min(width, height)
    image = image.resize((max(256, int(width * scale)), max(256, int(height * scale))), Image.BILINEAR)
    left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
    pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return np.ascontiguousarray(((pixels - MEAN) / STD).transpose(2, 0, 1))


def top5(logits: np.ndarray) -> list:
    """float32 [1000] -> five {index, score}, best first."""
    scores = np.exp(logits - logits.max())
    scores /= scores.sum()
    best = np.argpartition(-scores, 5)[:5]
    return [{"index": int(i), "score": float(scores[i])} for i in best[np.argsort(-scores[best])]]


def classify_batch(sess, jpegs: list) -> list:
    inputs = np.stack([prepare(jpeg) for jpeg in jpegs])
    return [top5(row) for row in sess.run([MODEL["output"]], {MODEL["input"]: inputs})[0]]


def classify(sess, jpeg: bytes) -> list:
    return classify_batch(sess, [jpeg])[0]
