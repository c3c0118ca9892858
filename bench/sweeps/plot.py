"""One line plot as an SVG file, without a plotting library: axes with units, log scales, a label at the end of each line, the
spread of the runs as a band. Its colours follow the reader's light or dark mode."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 74, 190, 52, 56
# Of Okabe and Ito, a little darker or lighter where a mode needs it: apart for colour-blind readers too.
LIGHT = ("#0072b2", "#d55e00", "#008a63", "#a8559d", "#8a6d00")
DARK = ("#56b4e9", "#f0894a", "#2fc79a", "#dc8fd0", "#e6c34a")
STYLE = """
  text {{ font: 12px system-ui, sans-serif; fill: #24292f }} .title {{ font-size: 15px; font-weight: 600 }}
  .back {{ fill: #ffffff }} .grid {{ stroke: #d8dee4 }} .axis {{ stroke: #57606a }}
  .line {{ fill: none; stroke-width: 2 }} .band {{ opacity: .18; stroke: none }} {light}
  @media (prefers-color-scheme: dark) {{
    text {{ fill: #e6edf3 }} .back {{ fill: #0d1117 }} .grid {{ stroke: #30363d }} .axis {{ stroke: #8b949e }} {dark}
  }}
"""


def colours(shades):
    return " ".join(f".s{i} {{ stroke: {shade} }} .f{i} {{ fill: {shade} }}" for i, shade in enumerate(shades))


def number(value):
    """As people write it: 0.25, 40, 1.5 k, 2 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


class Axis:
    """Values to pixels. On a log scale zero has a place of its own, left of the smallest value."""

    def __init__(self, values, is_log, pixels, ticks=None):
        positive = [value for value in values if value > 0] or [1]
        self.is_log, self.pixels = is_log, pixels
        self.zero = min(positive) / 4 if min(values) <= 0 else None
        self.ticks = ticks or (log_ticks(positive) if is_log else linear_ticks(max(max(values), 0) or 1))
        ends = [self.place(value) for value in (*values, *self.ticks)]
        self.low, self.high = min(ends), max(ends)
        if self.low == self.high:
            self.low, self.high = self.low - 1, self.high + 1

    def place(self, value):
        if not self.is_log:
            return value
        return math.log10(value if value > 0 else self.zero)

    def at(self, value):
        begin, end = self.pixels
        return begin + (self.place(value) - self.low) / (self.high - self.low) * (end - begin)


def linear_ticks(top):
    """From zero, four to eight steps of 1, 2 or 5."""
    size = 10 ** math.floor(math.log10(top / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if top / (size * factor) <= 6)
    return [step * i for i in range(math.ceil(top / step - 1e-9) + 1)]


def log_ticks(values):
    """Powers of ten, and what lies between them when they are few; the outer ones enclose the values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    factors = (1, 2, 5) if high - low <= 2 else (1, 3) if high - low <= 4 else (1,)
    ticks = [factor * 10.0 ** power for power in range(low, high + 1) for factor in factors]
    below = [tick for tick in ticks if tick <= min(values)]
    above = [tick for tick in ticks if tick >= max(values)]
    return [tick for tick in ticks if below[-1] <= tick <= above[0]]


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {extra}>{escape(words)}</text>'


def draw_line(index, points, x_axis, y_axis):
    """Points are (x, median, lowest, highest)."""
    places = [(x_axis.at(x), *(y_axis.at(value) for value in values)) for x, *values in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in places)
    band = " ".join([f"{x:.1f},{low:.1f}" for x, _, low, _ in places] + [f"{x:.1f},{high:.1f}" for x, _, _, high in reversed(places)])
    dots = "".join(f'<circle class="f{index}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y, _, _ in places)
    return f'<polygon class="band f{index}" points="{band}"/><polyline class="line s{index}" points="{line}"/>{dots}'


def draw_labels(lines, y_axis):
    """At the right, each beside its line's end, and none over another."""
    wanted = sorted((y_axis.at(points[-1][1]), index, label) for index, (label, points) in enumerate(lines))
    drawn, last = [], TOP - 16
    for i, (y, index, label) in enumerate(wanted):
        y = last = min(max(y, last + 16), HEIGHT - BOTTOM - 16 * (len(wanted) - 1 - i))
        drawn.append(f'<circle class="f{index}" cx="{WIDTH - RIGHT + 14}" cy="{y:.1f}" r="4"/>' + text(WIDTH - RIGHT + 24, y + 4, label, "start"))
    return drawn


def svg(title, x_label, y_label, lines, log_x=False, log_y=False):
    """`lines` are (label, points), five at most. A log x axis has a tick at each point that was measured."""
    points = [point for _, of_line in lines for point in of_line]
    xs = sorted({point[0] for point in points})
    x_axis = Axis(xs, log_x, (LEFT, WIDTH - RIGHT), xs if log_x else None)
    y_axis = Axis([value for point in points for value in point[1:]], log_y, (HEIGHT - BOTTOM, TOP))
    drawn = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
             f"<title>{escape(title)}</title><style>{STYLE.format(light=colours(LIGHT), dark=colours(DARK))}</style>",
             f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>', text(LEFT, 26, title, "start", 'class="title"')]
    for tick in y_axis.ticks:
        y = y_axis.at(tick)
        drawn += [f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>', text(LEFT - 8, y + 4, number(tick), "end")]
    for tick in x_axis.ticks:
        x = x_axis.at(tick)
        drawn += [f'<path class="axis" d="M{x:.1f} {HEIGHT - BOTTOM}v5"/>', text(x, HEIGHT - BOTTOM + 20, number(tick))]
    drawn += [f'<path class="axis" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>', text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label),
              text(0, 0, y_label, extra=f'transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)"')]
    drawn += [draw_line(index, of_line, x_axis, y_axis) for index, (_, of_line) in enumerate(lines)]
    return "\n".join([*drawn, *draw_labels(lines, y_axis), "</svg>"]) + "\n"
