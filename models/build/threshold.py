"""Chooses the score below which the answer is "not sure": `python threshold.py PHOTO_FOLDER...`.

An answer is accepted when its best score reaches the threshold. The choice is the lowest threshold
(in steps of 0.05) at which at least 95 % of the accepted answers are right. Balanced accuracy is
printed beside it: the mean of two shares, right answers accepted and wrong answers turned away.
Its best value asks for "not sure" on nearly half of the photos, which is no use to anybody.
Each folder has the manifest that evaluate.py describes.
"""

import sys
from pathlib import Path

from evaluate import MODEL, answers
from reference import Reference

THRESHOLDS = [round(0.05 * step, 2) for step in range(20)]
PRECISION = 0.95


def figures(rows: list[tuple[float, bool]], threshold: float) -> tuple[float, float, float]:
    """Share of answers accepted, share of the accepted that are right, balanced accuracy."""
    accepted = [right for score, right in rows if score >= threshold]
    right = sum(is_right for _, is_right in rows)
    kept, let_through = sum(accepted), len(accepted) - sum(accepted)
    balanced = (kept / max(right, 1) + 1 - let_through / max(len(rows) - right, 1)) / 2
    return len(accepted) / len(rows), kept / max(len(accepted), 1), balanced


def main() -> None:
    reference = Reference(MODEL.read_bytes())
    rows = [(score, right) for folder in sys.argv[1:] for _, _, score, right in answers(Path(folder), reference)]
    print(f"{len(rows)} photos, {sum(right for _, right in rows)} right at top-1")
    print("threshold  accepted  right of those  balanced")
    chosen = next((t for t in THRESHOLDS if figures(rows, t)[1] >= PRECISION), None)
    for threshold in THRESHOLDS:
        accepted, precision, balanced = figures(rows, threshold)
        mark = "  <- chosen" if threshold == chosen else ""
        print(f"{threshold:9.2f}  {accepted:8.3f}  {precision:14.3f}  {balanced:8.3f}{mark}")


if __name__ == "__main__":
    main()
