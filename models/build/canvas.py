"""A small drawing surface: antialiased shapes in units, origin in the middle, y downwards.

Drawn four times too large and averaged down. The same calls give the same pixels.
"""

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
OVERSAMPLE = 4


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return tuple(round(x + (y - x) * t) for x, y in zip(a, b))


class Canvas:
    def __init__(self, width: int, height: int, units_high: float):
        """`units_high`: how many units the picture is high."""
        self.size = (width, height)
        self.scale = height * OVERSAMPLE / units_high
        self.middle = (width * OVERSAMPLE / 2, height * OVERSAMPLE / 2)
        self.right, self.bottom = width / height * units_high / 2, units_high / 2
        self.image = Image.new("RGB", (width * OVERSAMPLE, height * OVERSAMPLE))
        self.draw = ImageDraw.Draw(self.image)

    def _at(self, points: list[Point]) -> list[Point]:
        return [(self.middle[0] + x * self.scale, self.middle[1] + y * self.scale) for x, y in points]

    def sky(self, top: Colour, bottom: Colour, y0: float | None = None, y1: float | None = None) -> None:
        """A vertical gradient over the whole width, from y0 to y1 (default: the whole picture)."""
        first, last = (
            round(self.middle[1] + y * self.scale)
            for y in (-self.bottom if y0 is None else y0, self.bottom if y1 is None else y1)
        )
        for row in range(first, last):
            colour = mix(top, bottom, (row - first) / max(last - first - 1, 1))
            self.draw.line([(0, row), (self.image.width, row)], fill=colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        self.draw.ellipse(self._at([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        self.ellipse(x, y, r, r, fill)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, r: float = 0) -> None:
        self.draw.rounded_rectangle(self._at([(x0, y0), (x1, y1)]), r * self.scale, fill=fill)

    def polygon(self, points: list[Point], fill: Colour) -> None:
        self.draw.polygon(self._at(points), fill=fill)

    def line(self, points: list[Point], fill: Colour, width: float) -> None:
        self.draw.line(self._at(points), fill=fill, width=max(round(width * self.scale), 1), joint="curve")

    def arc(self, x: float, y: float, r: float, start: float, end: float, fill: Colour, width: float) -> None:
        box = self._at([(x - r, y - r), (x + r, y + r)])
        self.draw.arc(box, start, end, fill=fill, width=max(round(width * self.scale), 1))

    def ball(self, x: float, y: float, rx: float, ry: float, edge: Colour, light: Colour, shift: Point = (-0.35, -0.4)) -> None:
        """An ellipse shaded from its edge towards a highlight at `shift` (in radii)."""
        steps = 60
        for step in range(steps):
            t = step / (steps - 1)
            self.ellipse(
                x + shift[0] * rx * t, y + shift[1] * ry * t, rx * (1 - t), ry * (1 - t), mix(edge, light, t**0.8)
            )

    def glow(self, x: float, y: float, r: float, colour: Colour, strength: float) -> None:
        """Light of `colour` that fades out over the radius r; strength 0..1 in the middle."""
        mask = Image.new("L", self.image.size)
        draw = ImageDraw.Draw(mask)
        for step in range(48):
            t = step / 47
            reach = r * (1 - t)
            box = self._at([(x - reach, y - reach), (x + reach, y + reach)])
            draw.ellipse(box, fill=round(255 * strength * t * t))
        self.image.paste(colour, (0, 0, *self.image.size), mask)

    def picture(self) -> Image.Image:
        return self.image.resize(self.size, Image.Resampling.BOX)
