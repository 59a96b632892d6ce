/** The report's one style sheet: light and dark, phone width, paper. */
export const STYLE = `
:root { color-scheme: light dark;
  --page: #fbfaf8; --card: #fff; --ink: #1d1c1a; --soft: #6a6761; --line: #e2dfd8; --fill: #f1efea;
  --pass: #1b7f4b; --fail: #b3261e; --inconclusive: #96640a; --base: #8a867d; --tuned: #2456a6; }
@media (prefers-color-scheme: dark) { :root {
  --page: #161514; --card: #1e1d1b; --ink: #ece9e3; --soft: #a19d94; --line: #36332f; --fill: #282623;
  --pass: #58c28a; --fail: #f2827b; --inconclusive: #e0b15a; --base: #97938a; --tuned: #82aef0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1rem; font-weight: 500; color: var(--soft); margin: 0 0 1.25rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .35rem 0; max-width: 46rem; }
.soft, figcaption { color: var(--soft); font-size: .875rem; }
.verdict { border-left: .4rem solid var(--tone); background: var(--card); padding: 1.1rem 1.4rem; border-radius: .3rem; }
.verdict strong { display: block; font-size: 2rem; line-height: 1.15; color: var(--tone); text-transform: capitalize; }
.pass { --tone: var(--pass); } .fail { --tone: var(--fail); } .inconclusive { --tone: var(--inconclusive); }
.outcome { color: var(--tone); font-weight: 600; white-space: nowrap; }
nav { margin: 1rem 0 0; font-size: .875rem; } nav a { color: var(--soft); margin-right: .75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .8125rem; }
th, td { padding: .5rem .9rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td small { display: block; color: var(--soft); }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.plot { min-width: 11rem; }
.zero { stroke: var(--line); } .bar { stroke: var(--ink); stroke-dasharray: 3 3; } .effect { stroke: var(--soft); stroke-dasharray: 1 3; }
.interval { stroke: var(--tone); stroke-width: 4; stroke-linecap: round; } .point { fill: var(--tone); stroke: var(--card); stroke-width: 2; }
.axis { stroke: var(--line); } .train { stroke: var(--base); fill: none; stroke-width: 1.5; }
.validation { stroke: var(--tuned); fill: none; stroke-width: 2.5; } .dot { fill: var(--tuned); }
.key-train { color: var(--base); } .key-validation { color: var(--tuned); }
.flip { background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .8rem 1rem; margin: .75rem 0; break-inside: avoid; }
.flip header { display: flex; flex-wrap: wrap; gap: .25rem .75rem; color: var(--soft); font-size: .8125rem; }
.flip q { display: block; quotes: none; font-weight: 500; margin: .3rem 0 .6rem; overflow-wrap: anywhere; }
.answers { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.answers h4 { margin: 0; font-size: .8125rem; font-weight: 500; color: var(--soft); }
.answers p { margin: .15rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.where { white-space: nowrap; } .scroll + .scroll { margin-top: 1.5rem; }
.meter { display: block; position: relative; width: 7rem; height: .8rem; background: var(--fill); }
.meter i { position: absolute; left: 0; height: .4rem; background: var(--base); }
.meter i + i { top: .4rem; background: var(--tuned); }
code { font: .8125rem ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  main { padding: 1.25rem .9rem 3rem; } .answers { grid-template-columns: 1fr; gap: .6rem; }
  .meter { display: none; } td small { min-width: 9rem; }
  .criteria thead { display: none; } .criteria tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid var(--line); padding: .6rem 0; }
  .criteria td { border: 0; padding: .15rem .6rem .15rem 0; } .criteria td.plot { grid-column: 1 / -1; }
  .criteria td[data-label]::before { content: attr(data-label) " "; color: var(--soft); font-size: .8125rem; }
  .criteria .number { text-align: left; }
}
@media print { nav { display: none; }
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #555; --line: #ccc; --fill: #eee;
    --pass: #14643a; --fail: #9c1c15; --inconclusive: #7a5106; --base: #888; --tuned: #1d4786; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } tr, .verdict { break-inside: avoid; } h2, h3 { break-after: avoid; } nav { margin: 1rem 0 0; font-size: .875rem; } nav a { color: var(--soft); margin-right: .75rem; }
.scroll { overflow: visible; } }
`;
