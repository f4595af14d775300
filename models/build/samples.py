"""Draws the sample pictures of the page: `python models/build/samples.py` writes public/samples/."""

import json
from pathlib import Path

import pictures
from evaluate import MODEL
from names import class_names
from reference import Reference, best, open_rgb

FOLDER = Path(__file__).parent.parent.parent / "public" / "samples"
SIZE = (640, 480)
CAMERA = (480, 360)
SAMPLES = (
    ("lighthouse.jpg", pictures.lighthouse, 437, "Lighthouse", "A red and white striped lighthouse by the sea"),
    ("soccer-ball.jpg", pictures.soccer_ball, 805, "Ball", "A black and white football on a lawn"),
    ("clock.jpg", pictures.clock, 409, "Clock", "A round clock with black hands on a green wall"),
    ("jack-o-lantern.jpg", pictures.jack_o_lantern, 607, "Pumpkin", "A carved pumpkin, lit from inside, at night"),
    ("traffic-light.jpg", pictures.traffic_light, 920, "Traffic light", "A traffic light that shows red"),
    ("parachute.jpg", pictures.parachute, 701, "Parachute", "A red and white parachute in a blue sky"),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    oracle, names, index = Reference(MODEL.read_bytes()), class_names(), []
    for file, draw, wanted, title, alt in SAMPLES:
        draw(*SIZE).save(FOLDER / file, quality=90, subsampling="4:4:4", optimize=True, progressive=True)
        picture = open_rgb(FOLDER / file)
        for seen in (picture, picture.resize(CAMERA)):
            scores = oracle.scores(seen)
            (top,) = best(scores, 1)
            print(f"{file} {seen.width}x{seen.height}: {names[top]} {scores[top]:.3f}")
            if top != wanted:
                raise SystemExit(f"{file} should be {names[wanted]}")
        index.append({"file": file, "title": title, "alt": alt, "classIndex": wanted})
    (FOLDER / "samples.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
