"""The independent reference: what Pillow and Python's ONNX Runtime say about a picture.

It shares no code with Twinlens: the pixels are Pillow's, the crop follows torchvision
(transforms/functional.py: `_compute_resized_output_size` truncates the long side, `center_crop`
rounds half to even), the softmax is float64.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

RESIZE = 256
CROP = 224
MEAN = 127.0
STD = 128.0


def open_rgb(path: Path) -> Image.Image:
    """The picture as RGB, turned as its EXIF orientation says."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def crop_of(image: Image.Image) -> np.ndarray:
    """uint8 [224,224,3]: short side to 256, bilinear, centre crop."""
    width, height = image.size
    if width <= height:
        size = (RESIZE, int(RESIZE * height / width))
    else:
        size = (int(RESIZE * width / height), RESIZE)
    left, top = int(round((size[0] - CROP) / 2)), int(round((size[1] - CROP) / 2))
    resized = image.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(resized.crop((left, top, left + CROP, top + CROP)))


def tensor_of(pixels: np.ndarray) -> np.ndarray:
    """float32 [1,3,224,224]."""
    return ((pixels.astype(np.float32) - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)[None]


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - np.max(logits))
    return shifted / shifted.sum()


class Reference:
    def __init__(self, model: bytes):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def scores(self, image: Image.Image) -> np.ndarray:
        """float64 [1000], probabilities."""
        (logits,) = self.session.run(["logits"], {"input": tensor_of(crop_of(image))})
        return softmax(logits[0])


def best(scores: np.ndarray, count: int) -> list[int]:
    """Class indices, best first; of equal scores the lower index first."""
    return np.argsort(-scores, kind="stable")[:count].tolist()
