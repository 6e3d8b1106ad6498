"""A picture (SVG) of the interruptions of a storm: a row for each kind of break, a dot for each time it came.

The scale is logarithmic.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from statistics import median
from typing import Final

from tests.storm.flow import PACE, Interruption

_WIDTH: Final = 860  # all lengths are in pixels
_LEFT: Final = 190
_RIGHT: Final = 70
_TOP: Final = 76
_ROW: Final = 26
_FIRST: Final = 0.4  # seconds at the left end
_TICKS: Final = (0.5, 1, 2, 5, 10, 20, 50)  # seconds
_STYLE: Final = """
    text { font: 13px system-ui, sans-serif; fill: #222 }
    .title { font-size: 16px; font-weight: 600 }
    .small { font-size: 12px; fill: #666 }
    .grid { stroke: #ddd }
    .pace { stroke: #888; stroke-dasharray: 3 3 }
    .dot { fill: #1f6fb2; fill-opacity: 0.55 }
    .beside { fill: white; stroke: #1f6fb2 }
    .median { stroke: #b23a1f; stroke-width: 2.5 }
"""


def picture(seed: int, interruptions: Sequence[Interruption]) -> str:
    """The picture; kinds with the shortest median come first."""
    by_kind: dict[str, list[Interruption]] = defaultdict(list)
    for each in interruptions:
        by_kind[each.kind].append(each)
    rows = sorted(by_kind.items(), key=lambda entry: (_median(entry[1]), entry[0]))
    longest = max((each.seconds for each in interruptions), default=1.0)
    last = max(2.0, longest * 1.15)
    bottom = _TOP + _ROW * len(rows)
    size = f'viewBox="0 0 {_WIDTH} {bottom + 48}" width="{_WIDTH}" height="{bottom + 48}"'
    legend = "full dots are faults alone, empty ones had others beside them; lines are medians"
    subtitle = f"{len(interruptions)} faults, seed {seed}; a message each {PACE:g} s; {legend}"
    middle = (_LEFT + _WIDTH - _RIGHT) // 2
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{bottom + 48}" fill="white"/>',
        '<text class="title" x="16" y="26">Longest time without a receipt around each fault</text>',
        f'<text class="small" x="16" y="46">{subtitle}</text>',
        *_scale(last, bottom),
        *(line for number, row in enumerate(rows) for line in _row(number, *row, last)),
        f'<text class="small" x="{middle}" y="{bottom + 38}" text-anchor="middle">seconds</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _scale(last: float, bottom: int) -> Iterable[str]:
    for tick in _TICKS:
        if tick <= last:
            x = _x(tick, last)
            kind = "pace" if tick == PACE else "grid"
            yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{bottom}"/>'
            yield f'<text class="small" x="{x}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'


def _row(number: int, kind: str, measured: Sequence[Interruption], last: float) -> Iterable[str]:
    y = _TOP + _ROW * number + _ROW // 2
    middle = _x(_median(measured), last)
    yield f'<text x="{_LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(kind)}</text>'
    for each in measured:
        name = "beside" if each.beside else "dot"
        yield f'<circle class="{name}" cx="{_x(each.seconds, last)}" cy="{y}" r="5"/>'
    yield f'<line class="median" x1="{middle}" x2="{middle}" y1="{y - 9}" y2="{y + 9}"/>'
    yield f'<text class="small" x="{_WIDTH - _RIGHT + 12}" y="{y + 4}">{_median(measured):.1f} s</text>'


def _median(measured: Sequence[Interruption]) -> float:
    """Of those that had no other beside them, where there are any."""
    alone = [each.seconds for each in measured if not each.beside]
    return median(alone or [each.seconds for each in measured])


def _x(seconds: float, last: float) -> float:
    share = math.log(max(seconds, _FIRST) / _FIRST) / math.log(last / _FIRST)
    return round(_LEFT + share * (_WIDTH - _RIGHT - _LEFT), 1)
