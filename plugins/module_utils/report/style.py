# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The style sheet: one page for screens of any width, light and dark, and for paper."""

from __future__ import annotations

# Each colour of a text reaches 4.5 : 1 on the colours that it stands on; a test computes it.
LIGHT = {
    "page": "#f5f5f2",
    "paper": "#ffffff",
    "ink": "#1c2126",
    "soft": "#5a646e",
    "line": "#dcdcd6",
    "grid": "#ecece7",
    "good": "#1a7544",
    "bad": "#b92c24",
    "warn": "#875700",
    "work": "#98a3ad",
    "move": "#2f6fd0",
    "gate": "#9cc0f0",
    "back": "#b0762a",
    "spark": "#7c8894",
}
DARK = {
    "page": "#101418",
    "paper": "#181d22",
    "ink": "#e4e7ea",
    "soft": "#9aa5b0",
    "line": "#2d343c",
    "grid": "#242a31",
    "good": "#57c48c",
    "bad": "#ff8a80",
    "warn": "#e2b552",
    "work": "#66717c",
    "move": "#5c97ec",
    "gate": "#35547f",
    "back": "#c48b3f",
    "spark": "#7c8894",
}

_RULES = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);line-height:1.5;overflow-wrap:anywhere;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-size:.9375rem;font-variant-numeric:tabular-nums}
main,header,footer,nav{max-width:76rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.25rem}
h1{font-size:clamp(1.25rem,1rem + 1.4vw,1.9rem);line-height:1.25;margin:.15rem 0 .6rem;
font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{font-size:1.05rem;margin:0 0 .75rem;font-weight:650}
p{margin:0 0 .75rem;max-width:62rem}
a{color:inherit;text-underline-offset:.2em;text-decoration-color:var(--soft)}
code,pre,.pod{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.87em}
pre{background:var(--page);border:1px solid var(--line);border-radius:.4rem;padding:.6rem .8rem;
margin:0 0 .75rem;white-space:pre-wrap}
pre code{font-size:1em}
.soft{color:var(--soft);font-weight:400}.good{color:var(--good)}.bad{color:var(--bad)}
.warn{color:var(--warn)}
.over{color:var(--soft);margin:0;display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center}
.verdict{display:inline-block;padding:.05rem .6rem;border-radius:1rem;border:1px solid;
font-weight:650;font-size:.82rem}
section,.alarm{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;
padding:1.1rem 1.25rem;margin:0 0 1rem}
.alarm{border-color:var(--bad);border-left-width:.35rem;max-width:none}
.alarm p{white-space:pre-wrap}
.alarm p:last-child,section>p:last-child{margin-bottom:0}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;padding:0;margin:0 0 1rem}
nav a{color:var(--soft)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.2rem,1fr));
background:var(--paper);border:1px solid var(--line);border-radius:.6rem;overflow:hidden;
margin:1.1rem 0 1rem}
.figures div{padding:.7rem .9rem .75rem;box-shadow:1px 0 var(--line),0 1px var(--line)}
dt{color:var(--soft);font-size:.82rem}dd{margin:0}
dd.figure{font-size:1.25rem;font-weight:650;line-height:1.3}
dd.figure+dd{font-size:.82rem}
.lanes{list-style:none;margin:0;padding:0}
.lane{display:grid;grid-template-columns:14rem minmax(0,1fr) 12rem;gap:0 1rem;
grid-template-areas:"who track when";align-items:center;break-inside:avoid}
.lane+.lane{border-top:1px solid var(--grid)}
.lane.axis+.lane{border-top:0}
.who{grid-area:who;padding:.2rem 0;line-height:1.3}.who .soft{display:block;font-size:.82rem}
.when{grid-area:when;text-align:right;font-size:.87rem}
.track{grid-area:track;display:block;overflow:visible}
.chart{align-items:start;padding:.5rem 0}
.dense .lane{grid-template-columns:19rem minmax(0,1fr) 7.5rem}
.dense .who,.dense .when{padding:0;font-size:.82rem}
.pod{font-size:.78rem}
.legend{color:var(--soft);font-size:.82rem;display:flex;flex-wrap:wrap;gap:.1rem 1rem}
.legend span{white-space:nowrap}.legend svg{vertical-align:-2px}
.legend.stacked{display:block}.legend.stacked span{display:block}
svg text{fill:var(--soft);font-size:11.5px}
.start{text-anchor:start}.middle{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:var(--grid)}.base{stroke:var(--line)}.error{stroke:var(--bad);stroke-dasharray:3 2}
.fold{fill:var(--grid)}
.bar{stroke-width:1.5px;rx:2px}
.work{fill:var(--work);stroke:var(--work)}.move{fill:var(--move);stroke:var(--move)}
.gate{fill:var(--gate);stroke:var(--gate)}.back{fill:var(--back);stroke:var(--back)}
.bar.failed{stroke:var(--bad)}.bar.cut{stroke-dasharray:3 2;fill-opacity:.55}
.dot{stroke:var(--paper);stroke-width:1px}
.dot.ok{fill:var(--good)}.dot.bad{fill:var(--bad)}.dot.none{fill:var(--soft)}
.is-failed .when b{color:var(--bad)}.is-cut .when b{color:var(--warn)}
.version{shape-rendering:crispEdges}.wanted{fill:var(--move)}.old0{fill:var(--work)}
.old1{fill:var(--back)}.old2{fill:var(--spark)}
.counted{stroke:var(--paper);stroke-width:2px}
.sent{fill:var(--gate)}.failures{fill:var(--bad);stroke:var(--bad);stroke-width:2px}
.leaving{fill:var(--work)}.learning{fill:var(--gate)}.ending{fill:var(--move)}
.spark{fill:none;stroke:var(--spark)}
svg [class~=bar]:hover,.failures:hover,.version:hover,.part:hover{filter:brightness(1.15)}
table{border-collapse:collapse;width:100%;font-size:.87rem}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th{text-align:left;overflow-wrap:normal;color:var(--soft);font-weight:500;vertical-align:bottom;
border-bottom:1px solid var(--line);padding:.3rem .75rem .3rem 0}
td{vertical-align:top;border-bottom:1px solid var(--grid);padding:.35rem .75rem .35rem 0}
tr:last-child td{border-bottom:0}
.short{white-space:nowrap}
.n{text-align:right}th:last-child,td:last-child{padding-right:0}
.n+:not(.n){padding-left:1rem}
.log td:first-child{white-space:nowrap}
.moved{table-layout:fixed}.moved th.n{width:5.4rem}.moved th:nth-child(2){width:6.4rem}
.badge{text-transform:uppercase;font-size:.74rem;letter-spacing:.03em}
details{margin:.5rem 0 0}summary{cursor:pointer;font-weight:600;padding:.15rem 0}
.numbers summary{font-weight:400;color:var(--soft);font-size:.87rem}
footer{color:var(--soft);padding-bottom:2.5rem;font-size:.82rem}
:focus-visible{outline:2px solid var(--move);outline-offset:2px}
"""
_NARROW = """
main,header,footer,nav{padding-left:.9rem;padding-right:.9rem}
header{padding-top:1.25rem}
section,.alarm{padding:.9rem}
.lane,.dense .lane{grid-template-columns:minmax(0,1fr) auto;
grid-template-areas:"who when" "track track";padding:.35rem 0}
.when .at{display:inline}
table,tbody,tr,td{display:block}thead{display:none}
tr{padding:.5rem 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}
td,td.n,.n+:not(.n){border:0;padding:.1rem 0;text-align:left;display:grid;
grid-template-columns:7.5rem minmax(0,1fr);gap:.5rem}
td::before{content:attr(data-label);color:var(--soft)}
.moved th,.moved td{width:auto}
td:empty,td:has(>:only-child:empty){display:none}
td>*{grid-column:2}
.log td:first-child{white-space:normal}
"""
_MEDIUM = """
.lane{grid-template-columns:11.5rem minmax(0,1fr) 6.8rem}
.dense .lane{grid-template-columns:16rem minmax(0,1fr) 7.5rem}.when .at,.fine{display:none}
"""
_PRINT = """
@page{margin:14mm}
html{font-size:11.5px}body{background:none}
main,header,footer{max-width:none;padding:0}nav,.numbers{display:none}
h1{font-size:16pt}th,td{padding-top:.12rem;padding-bottom:.12rem}.track{overflow:hidden}
section,.alarm,.figures{break-inside:auto;border-radius:0}
section{border:0;border-top:1px solid var(--line);padding:.6rem 0;margin:0}
h2,.figures,tr,.lane,.legend{break-inside:avoid}h2,summary{break-after:avoid}
thead{display:table-header-group}
details::details-content{content-visibility:visible;block-size:auto;display:block}
svg,.figures,.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""


def sheet() -> str:
    """The whole of it. On paper it is always light, whatever the screen prefers."""
    return "".join(
        (
            f":root{{{_colours(LIGHT)}}}",
            f"@media screen and (prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}",
            _RULES,
            f"@media (max-width:1000px){{{_MEDIUM}}}",
            f"@media screen and (max-width:700px){{{_NARROW}}}",
            f"@media print{{:root{{color-scheme:light}}{_PRINT}}}",
        )
    )


def _colours(palette: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in palette.items())
