"""Top-1 accuracy on a folder of photos: `python evaluate.py PHOTO_FOLDER`.

Beside the folder lies `<folder>.manifest.json`: [{"file", "index", "accept"?: [index, ...]}].
"""

import json
import sys
from pathlib import Path

from reference import Reference, best, open_rgb

MODEL = Path(__file__).parent.parent / "efficientnet-lite0" / "model.onnx"


def answers(folder: Path, reference: Reference) -> list[tuple[str, int, float, bool]]:
    """For each photo: file, best class, its score, whether it is right."""
    entries = json.loads(folder.with_name(f"{folder.name}.manifest.json").read_text())
    result = []
    for entry in entries:
        scores = reference.scores(open_rgb(folder / entry["file"]))
        (top,) = best(scores, 1)
        accept = entry.get("accept") or [entry["index"]]
        result.append((entry["file"], top, float(scores[top]), top in accept))
    return result


if __name__ == "__main__":
    photos = Path(sys.argv[1])
    rows = answers(photos, Reference(MODEL.read_bytes()))
    print(f"{photos.name}: {sum(right for *_, right in rows)} of {len(rows)} right at top-1")
