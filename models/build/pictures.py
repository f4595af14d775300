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
