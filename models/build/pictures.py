"""Our own pictures, drawn from nothing: goldens of the model and samples of the page.

Each function takes width and height in pixels and returns an RGB picture.
"""

import math

from PIL import Image

from canvas import Canvas, mix

INK = (40, 42, 46)


def lighthouse(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 400)
    c.sky((90, 160, 226), (214, 232, 246), y1=100)
    c.sky((50, 110, 160), (30, 80, 130), y0=100)
    wide = c.right
    c.polygon([(-wide, 200), (-wide, 136), (-80, 108), (50, 104), (wide, 144), (wide, 200)], (96, 120, 70))
    c.polygon([(-wide, 200), (-wide, 172), (-60, 148), (80, 152), (wide, 180), (wide, 200)], (110, 100, 90))
    top, foot, bands = -80, 120, 6

    def half(y: float) -> float:
        return 26 + 20 * (y - top) / (foot - top)

    for band in range(bands):
        y0, y1 = (top + (foot - top) * (band + k) / bands for k in (0, 1))
        light, shade = ((206, 40, 40), (160, 26, 30)) if band % 2 == 0 else ((248, 248, 246), (206, 210, 214))
        c.polygon([(-half(y0), y0), (half(y0), y0), (half(y1), y1), (-half(y1), y1)], light)
        c.polygon([(half(y0) * 0.4, y0), (half(y0), y0), (half(y1), y1), (half(y1) * 0.4, y1)], shade)
    c.box(-36, top - 8, 36, top, INK)
    c.box(-18, top - 46, 18, top - 8, (255, 240, 170))
    for x in (-18, -6, 6, 18):
        c.line([(x, top - 46), (x, top - 8)], INK, 2)
    for x in range(-36, 37, 8):
        c.line([(x, top - 20), (x, top - 8)], INK, 1.2)
    c.line([(-36, top - 20), (36, top - 20)], INK, 1.6)
    c.polygon([(-24, top - 46), (0, top - 74), (24, top - 46)], (180, 34, 34))
    c.disc(0, top - 76, 4, INK)
    c.box(-9, foot - 34, 9, foot, (70, 50, 40), r=6)
    c.box(-5, top + 60, 5, top + 76, (50, 60, 70))
    return c.picture()


def pool_table(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 300)
    c.sky((72, 48, 34), (48, 32, 22))
    w, h = c.right, c.bottom
    c.box(14 - w, 14 - h, w - 14, h - 14, (92, 52, 26), r=18)
    c.box(38 - w, 38 - h, w - 38, h - 38, (16, 122, 76), r=6)
    for x in (40 - w, 0, w - 40):
        for y in (40 - h, h - 40):
            c.disc(x, y, 13, (10, 10, 10))
    colours = [(244, 196, 40), (30, 70, 180), (200, 30, 40), (90, 40, 130), (236, 110, 30)]
    colours += [(20, 110, 60), (120, 30, 36), (20, 20, 22), (244, 196, 40), (30, 70, 180)]
    places = [(0.24 * w + column * 17, (row - column / 2) * 20) for column in range(4) for row in range(column + 1)]
    for (x, y), colour in zip(places, colours):
        c.disc(x + 2, y + 3, 9.5, (10, 80, 50))
        c.ball(x, y, 9.5, 9.5, mix((0, 0, 0), colour, 0.67), colour)
        c.disc(x - 3, y - 3, 2, (255, 255, 255))
    c.disc(2 - 0.4 * w, 3, 9.5, (10, 80, 50))
    c.ball(-0.4 * w, 0, 9.5, 9.5, (200, 200, 196), (255, 255, 255))
    c.line([(20 - w, 0.2 * h), (-0.46 * w, 0.02 * h)], (214, 170, 104), 4)
    return c.picture()


def abacus(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 300)
    c.sky((238, 232, 222), (222, 214, 200))
    w, h = 176, 126
    c.box(6 - w, 10 - h, w + 6, h + 10, (204, 196, 182), r=8)
    c.box(-w, -h, w, h, (130, 76, 36), r=8)
    c.box(16 - w, 16 - h, w - 16, h - 16, (240, 234, 224), r=2)
    colours = [(214, 50, 44), (240, 180, 40), (50, 140, 80), (40, 100, 190), (150, 70, 160), (240, 120, 40)]
    for wire, colour in enumerate(colours):
        y = (wire - 2.5) * 35
        c.line([(14 - w, y), (w - 14, y)], (150, 150, 150), 3)
        left = (wire * 3 + 2) % 8 + 1
        for bead in range(10):
            x = 30 - w + bead * 21 if bead < left else w - 30 - (9 - bead) * 21
            c.ball(x, y, 11, 11, mix((0, 0, 0), colour, 0.67), colour)
    return c.picture()


def jack_o_lantern(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 320)
    c.sky((24, 14, 40), (10, 6, 12))
    y = 20
    c.ellipse(0, y + 104, 150, 16, (6, 4, 8))
    ribs = ((-84, 56, (190, 76, 6)), (84, 56, (190, 76, 6)), (-50, 66, (216, 94, 10)), (50, 66, (216, 94, 10)))
    for x, radius, colour in (*ribs, (0, 64, (238, 116, 16))):
        for step in range(32):
            t = step / 31
            shrink = 1 - t * 0.5
            c.ellipse(x - 6 * t, y - 14 * t, radius * shrink, 104 * shrink, mix(colour, (255, 160, 40), t * 0.4))
    c.polygon([(-12, y - 96), (-4, y - 134), (18, y - 138), (12, y - 96)], (70, 100, 40))
    light = (255, 214, 70)
    for side in (-1, 1):
        c.polygon([(side * 26, y - 14), (side * 74, y - 14), (side * 48, y - 56)], light)
    c.polygon([(-12, y + 14), (12, y + 14), (0, y - 8)], light)
    upper = [(-84, 24), (-60, 36), (-44, 36), (-44, 50), (-20, 50), (-20, 38)]
    upper += [(20, 40), (20, 52), (44, 50), (44, 36), (60, 36), (84, 24)]
    lower = [(64, 58), (30, 72), (30, 58), (6, 60), (6, 76), (-30, 72), (-64, 58)]
    c.polygon([(x, y + dy) for x, dy in upper + lower], light)
    c.glow(0, y + 20, 120, (255, 180, 40), 0.25)
    return c.picture()


def traffic_light(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 480)
    c.sky((82, 142, 212), (214, 230, 242))
    c.box(-10, 190, 10, 240, (70, 74, 80))
    c.box(-10, -240, 10, -190, (70, 74, 80))
    c.box(-84, -212, 84, 212, (24, 26, 28), r=22)
    c.box(-77, -205, 77, 205, (46, 49, 53), r=18)
    lamps = ((-132, (200, 20, 10), (255, 130, 100)), (0, (38, 28, 8), (80, 62, 20)), (132, (6, 24, 14), (16, 62, 38)))
    for y, edge, light in lamps:
        c.disc(0, y, 58, (14, 15, 16))
        c.ball(0, y, 50, 50, edge, light, (-0.12, -0.15))
        c.arc(0, y, 70, 185, 355, (8, 8, 9), 14)
    c.glow(0, -132, 140, (255, 120, 90), 0.5)
    return c.picture()


def cloud(c: Canvas, x: float, y: float, size: float) -> None:
    for dx, dy, r in ((-42, 4, 22), (-16, -8, 30), (18, -4, 26), (44, 6, 18), (0, 8, 30)):
        c.ellipse(x + dx * size, y + dy * size, r * size, r * size * 0.72, (248, 251, 254))


def clock(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 480)
    c.sky((120, 166, 168), (84, 132, 138))
    c.glow(-220, -200, 420, (214, 232, 226), 0.5)
    for step in range(12):
        c.disc(8, 12 + step, 202 - step * 0.6, mix((84, 132, 138), (58, 98, 104), step / 11))
    c.ball(0, 0, 200, 200, (28, 30, 36), (78, 82, 90))
    c.disc(0, 0, 178, (214, 212, 204))
    c.disc(0, 2, 175, (252, 251, 246))
    for minute in range(60):
        angle = math.radians(minute * 6)
        inner, thick = (132, 7) if minute % 15 == 0 else (142, 5) if minute % 5 == 0 else (154, 2)
        ray = [(math.sin(angle) * r, -math.cos(angle) * r) for r in (inner, 164)]
        c.line(ray, (26, 28, 32), thick)
    for degrees, length, tail, thick, colour in (
        (304, 92, 24, 11, (26, 28, 32)),
        (48, 138, 28, 8, (26, 28, 32)),
        (210, 148, 38, 3, (206, 40, 40)),
    ):
        angle = math.radians(degrees)
        c.line([(math.sin(angle) * r, -math.cos(angle) * r) for r in (-tail, length)], colour, thick)
    c.disc(0, 0, 11, (26, 28, 32))
    c.disc(0, 0, 5, (206, 40, 40))
    return c.picture()


def parachute(width: int, height: int) -> Image.Image:
    c = Canvas(width, height, 480)
    c.sky((44, 112, 204), (186, 218, 242))
    for x, y, size in ((-210, 120, 1.3), (220, 60, 1.1), (-240, -150, 0.9), (190, 190, 1.2)):
        cloud(c, x, y, size)
    rim, radius, high, panels = -20, 178, 146, 8

    def edge(k: int) -> float:
        return math.cos(math.pi * (1 - k / panels))

    def seam(k: int) -> list:
        turns = [math.pi / 2 * t / 30 for t in range(31)]
        return [(edge(k) * radius * math.sin(a), rim - high * math.cos(a)) for a in turns]

    for k in range(panels):
        x0, x1 = edge(k) * radius, edge(k + 1) * radius
        hem = [(x0 + (x1 - x0) * t / 10, rim - 15 * math.sin(math.pi * t / 10)) for t in range(1, 10)]
        shade = abs(k - 3.5) / 9
        c.polygon(seam(k) + hem + seam(k + 1)[::-1], mix((238, 72, 48) if k % 2 else (252, 252, 250), (60, 50, 70), shade))
    for k in range(panels + 1):
        c.line([(edge(k) * radius, rim), ((k - panels / 2) * 3, 150)], (52, 60, 72), 1.2)
    c.line([(-9, 160), (-20, 142)], (34, 60, 112), 6)
    c.line([(9, 160), (20, 142)], (34, 60, 112), 6)
    c.box(-13, 154, 13, 196, (40, 72, 132), r=8)
    c.disc(0, 145, 11, (236, 190, 60))
    c.line([(-6, 192), (-10, 226)], (30, 34, 48), 9)
    c.line([(6, 192), (12, 224)], (30, 34, 48), 9)
    return c.picture()


def soccer_ball(width: int, height: int) -> Image.Image:
    """The white and black ball: a truncated icosahedron blown up to a sphere."""
    c = Canvas(width, height, 480)
    c.sky((126, 186, 232), (214, 234, 246), y1=-60)
    for stripe in range(6):
        y = -60 + 300 * (stripe / 6) ** 1.5
        light = stripe % 2 == 0
        c.sky((104, 178, 78) if light else (90, 164, 68), (92, 166, 66) if light else (78, 150, 58), y0=y)
    radius, y = 170, -4
    c.ellipse(14, y + 166, 158, 26, (52, 112, 42))
    c.ball(0, y, radius, radius, (168, 172, 178), (255, 255, 255))
    golden = (1 + 5**0.5) / 2
    points = [p for a in (-1, 1) for b in (-golden, golden) for p in ((0, a, b), (a, b, 0), (b, 0, a))]
    corners = [turned(tuple(v / math.sqrt(1 + golden**2) for v in p)) for p in points]
    side = 2 / math.sqrt(1 + golden**2)
    for corner in corners:
        near = [p for p in corners if 0 < math.dist(p, corner) < side * 1.05]
        for other in near:
            seam = [between(corner, other, 0.33 + 0.34 * t / 8) for t in range(9)]
            if min(p[2] for p in seam) > 0.02:
                c.line([(x * radius, y - up * radius) for x, up, _ in seam], (48, 50, 56), 4)
        patch = [between(corner, other, 0.34) for other in around(corner, near)]
        rim = [between(patch[k], patch[(k + 1) % 5], t / 6) for k in range(5) for t in range(6)]
        if corner[2] > -0.25:
            c.polygon([(x * radius, y - up * radius) for x, up in map(flat, rim)], (30, 31, 36))
    return c.picture()


def turned(p: tuple) -> tuple:
    x, y, z = p
    y, z = y * math.cos(0.35) - z * math.sin(0.35), y * math.sin(0.35) + z * math.cos(0.35)
    return (x * math.cos(0.5) + z * math.sin(0.5), y, z * math.cos(0.5) - x * math.sin(0.5))


def between(a: tuple, b: tuple, t: float) -> tuple:
    """The point of the unit sphere on the arc from a to b."""
    angle = math.acos(sum(x * y for x, y in zip(a, b)))
    return tuple((math.sin((1 - t) * angle) * x + math.sin(t * angle) * y) / math.sin(angle) for x, y in zip(a, b))


def around(middle: tuple, points: list) -> list:
    """The points in their order round the middle."""
    (a, b, c), first = middle, points[0]
    dot = sum(x * y for x, y in zip(first, middle))
    u = tuple(x - dot * m for x, m in zip(first, middle))
    v = (b * u[2] - c * u[1], c * u[0] - a * u[2], a * u[1] - b * u[0])
    return sorted(points, key=lambda p: math.atan2(sum(x * y for x, y in zip(p, v)), sum(x * y for x, y in zip(p, u))))


def flat(p: tuple) -> tuple[float, float]:
    """Seen from the front; what lies behind the rim is drawn on the rim."""
    x, y, z = p
    away = math.hypot(x, y)
    return (x / away, y / away) if z < 0 else (x, y)
