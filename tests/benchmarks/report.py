"""The results for people."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.benchmarks.results import Answers, Line, Peak, Ratio, Results, Size

MB = 1_000_000


def show(results: Results, console: Console) -> None:
    """Prints what was measured and how it compares."""
    console.print(_lines(results.lines))
    if results.ratios:
        console.print(_ratios(results.ratios))
    if results.answers:
        console.print(_answers(results.answers))
    if results.peaks:
        console.print(_peaks(results.peaks))
    if results.sizes:
        console.print(_sizes(results.sizes))


def _lines(lines: Sequence[Line]) -> Table:
    table = Table(title="Measured", title_justify="left", caption="median of the rounds", caption_justify="left")
    table.add_column("line")
    table.add_column("per second", justify="right")
    table.add_column("slowest - fastest", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("processor time per unit")
    for line in lines:
        slowest, fastest = line.spread
        cpu = ", ".join(f"{name} {value:.2f} ms" for name, value in sorted(line.cpu.items()))
        table.add_row(
            line.name, f"{line.rate:,.0f} {line.unit}", f"{slowest:,.0f} - {fastest:,.0f}", f"{line.seconds:.2f}", cpu
        )
    return table


def _ratios(ratios: Sequence[Ratio]) -> Table:
    table = Table(title="Compared", title_justify="left")
    table.add_column("ratio")
    table.add_column("value", justify="right")
    table.add_column("must be", justify="right")
    table.add_column("")
    for each in ratios:
        wanted = each.limit if each.target is None else each.target
        sign = "<=" if each.target is None else ">="
        must_be = "" if wanted is None else f"{sign} {wanted:g}"
        table.add_row(each.name, f"{each.value:.2f}", must_be, _verdict(wanted, met=each.met))
    return table


def _answers(answers: Sequence[Answers]) -> Table:
    table = Table(title="Answered", title_justify="left", caption="one request at a time", caption_justify="left")
    table.add_column("request")
    table.add_column("median ms", justify="right")
    table.add_column("95% within ms", justify="right")
    table.add_column("median must be", justify="right")
    table.add_column("")
    for each in answers:
        limit = "" if each.limit is None else f"< {1000 * each.limit:g}"
        table.add_row(
            each.name, f"{1000 * each.median:.1f}", f"{1000 * each.p95:.1f}", limit, _verdict(each.limit, met=each.met)
        )
    return table


def _peaks(peaks: Sequence[Peak]) -> Table:
    table = Table(title="Memory", title_justify="left", caption="highest of the rounds", caption_justify="left")
    table.add_column("process, while")
    table.add_column("MB", justify="right")
    table.add_column("must be", justify="right")
    table.add_column("")
    for each in peaks:
        limit = "" if each.limit is None else f"< {each.limit / MB:g}"
        table.add_row(each.name, f"{each.value / MB:.1f}", limit, _verdict(each.limit, met=each.met))
    return table


def _sizes(sizes: Sequence[Size]) -> Table:
    table = Table(title="Sizes", title_justify="left")
    table.add_column("what")
    table.add_column("bytes", justify="right")
    for each in sizes:
        table.add_row(each.name, f"{each.bytes:,}")
    return table


def _verdict(target: float | None, *, met: bool) -> str:
    if target is None:
        return ""
    return "[green]met[/]" if met else "[red]missed[/]"
