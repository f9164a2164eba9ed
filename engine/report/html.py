"""HTML of the report: plain, printable, without scripts or downloads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { color: #222; background: #f4f4f2; margin: 0;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 58rem; margin: 0 auto; background: #fff; padding: 2rem 2.5rem 3rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; }
.sub { color: #555; margin: .25rem 0 1.5rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; padding-bottom: .2rem;
  border-bottom: 2px solid #0072b2; }
p { margin: .5rem 0; max-width: 46rem; }
.important { border-left: 4px solid #d55e00; background: #fdf3ec; padding: .6rem .9rem; }
.cards { display: grid; gap: .7rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); }
.card { border: 1px solid #ddd; border-radius: 4px; padding: .55rem .8rem; }
.card b { display: block; font-size: 1.15rem; line-height: 1.3; }
.card span { color: #555; font-size: .85rem; }
figure { margin: .8rem 0; }
img { max-width: 100%; height: auto; display: block; }
figcaption { color: #555; font-size: .9rem; margin-top: .3rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; margin: .8rem 0; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e2e2e2;
  vertical-align: top; }
th { border-bottom: 2px solid #999; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td { overflow-wrap: break-word; } td.n { white-space: nowrap; }
li { margin: .3rem 0; }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  body { background: #fff; font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  figure, .card, tr { break-inside: avoid; }
  img { max-height: 125mm; }
  .scroll { overflow: visible; }
  table { font-size: 8.5pt; }
  th, td { padding: .2rem .35rem; }
}
"""


@dataclass(frozen=True)
class Section:
    """A heading and the HTML below it."""

    title: str
    body: str


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Put a page together."""
    parts = "\n".join(
        f"<section>\n<h2>{escape(s.title)}</h2>\n{s.body}\n</section>" for s in sections
    )
    head = (
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width,'
        f' initial-scale=1">\n<title>{escape(title)}</title>\n<style>{CSS}</style>'
    )
    main = f'<h1>{escape(title)}</h1>\n<p class="sub">{escape(subtitle)}</p>\n{parts}'
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n<main>\n{main}\n'
        "</main>\n</body>\n</html>\n"
    )


def paragraph(text: str, *, important: bool = False) -> str:
    """A paragraph of plain text, set apart where it matters."""
    kind = ' class="important"' if important else ""
    return f"<p{kind}>{escape(text)}</p>"


def cards(items: Sequence[tuple[str, str]]) -> str:
    """Key figures: (label, value)."""
    inner = "".join(
        f'<div class="card"><b>{escape(value)}</b><span>{escape(label)}</span></div>'
        for label, value in items
    )
    return f'<div class="cards">{inner}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """A table; cells are HTML already, numeric columns are right-aligned."""
    kinds = ['class="n"' if n else "" for n in numeric]
    top = "".join(f"<th {kind}>{escape(text)}</th>" for text, kind in zip(head, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f"<td {kind}>{text}</td>" for text, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        "<div"
        f' class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )
