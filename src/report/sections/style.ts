/**
 * Style sheet of the report for light, dark, phone and paper. Text has a contrast of at least 4.5 with every background
 * (WCAG 2.2 AA). Base and tuned differ by hollow and filled, outcomes by mark and word, never by colour alone.
 */
export const STYLE = `
:root { color-scheme: light dark;
  --page: #faf9f7; --card: #fff; --ink: #1c1b19; --soft: #5f5c56; --line: #e0dcd4; --zone: #eaf1ec;
  --pass: #17693f; --fail: #a8231b; --inconclusive: #7d5200; --base: #8f4f00; --tuned: #1f52a3;
  --del: #fde6dc; --ins: #dce8fb; }
@media (prefers-color-scheme: dark) { :root {
  --page: #151413; --card: #1e1d1b; --ink: #edeae4; --soft: #aaa69d; --line: #3a3733; --zone: #22302a;
  --pass: #5fc78f; --fail: #f58b84; --inconclusive: #e3b45c; --base: #e09a4c; --tuned: #86b3f5;
  --del: #4a2a1d; --ins: #20365c; } }
@media print { :root { color-scheme: light;
  --page: #fff; --card: #fff; --ink: #000; --soft: #4d4d4d; --line: #c9c9c9; --zone: #edf3ee;
  --pass: #14603a; --fail: #96190f; --inconclusive: #6f4900; --base: #8f4f00; --tuned: #1d4786;
  --del: #fde6dc; --ins: #dce8fb; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
@media screen { .filtered { display: none !important; } }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
body > header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
body > header { padding-top: 2rem; } footer { padding-block: 2rem; }
h1 { font-size: 1.35rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.25rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: .9375rem; margin: 0 0 .25rem; }
p { margin: .35rem 0; max-width: 48rem; }
small, .soft, figcaption, caption, footer, .rule, .reasons { color: var(--soft); font-size: .8125rem; }
main > section { margin-top: 2.75rem; }
main > section:first-child { margin-top: 1.25rem; }
nav { margin-top: 1rem; font-size: .875rem; } nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; list-style: none; margin: 0; padding: 0; }
a { color: var(--tuned); text-underline-offset: .15em; } :focus-visible { outline: 2px solid var(--tuned); outline-offset: 2px; }
code { font: .8125rem ui-monospace, monospace; }
figure { margin: 0; } figcaption { margin-top: .25rem; }

.pass { --tone: var(--pass); } .fail { --tone: var(--fail); } .inconclusive { --tone: var(--inconclusive); }
.outcome { color: var(--tone); font-weight: 600; white-space: nowrap; }
.verdict, .note { background: var(--card); border: 1px solid var(--line); border-left: .4rem solid var(--tone, var(--inconclusive)); border-radius: .3rem; padding: 1.1rem 1.4rem; }
.verdict h2 { font-size: 2.1rem; line-height: 1.1; margin: 0 0 .4rem; text-transform: capitalize; }
.lead { font-size: 1.0625rem; max-width: none; } .verdict ul { margin: .35rem 0; padding-left: 1.1rem; } .verdict li { margin: .1rem 0; } .verdict .right { margin-top: .7rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem 1.6rem; margin: .9rem 0 0; }
.tiles dt { color: var(--soft); font-size: .8125rem; } .tiles dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.strip { display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin-top: .9rem; max-width: none; font-size: .875rem; }
.amendment { margin-top: .9rem; border-left: .2rem solid var(--inconclusive); padding-left: .8rem; } .amendment ul { margin: .2rem 0; padding-left: 1.1rem; font-size: .875rem; }
.note { margin-top: 1rem; } .note h3 { margin-top: 0; } .note ul { margin: .35rem 0; padding-left: 1.1rem; }

.scroll { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { text-align: left; padding-bottom: .3rem; }
th { text-align: left; font-weight: 500; } th, td { overflow-wrap: break-word; } thead th { color: var(--soft); font-size: .8125rem; vertical-align: bottom; }
th, td { padding: .45rem 1rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th small, td small { display: block; font-weight: 400; }
.where, .findings th { white-space: nowrap; } .facts code { overflow-wrap: anywhere; }
.criteria .plot { min-width: 17rem; } .criteria .plot small { margin-top: .2rem; } .criteria .decided { min-width: 8rem; } .criteria tbody th { font-weight: 600; min-width: 10rem; }

.chart { display: block; max-width: 100%; height: auto; overflow: visible; color: var(--soft); font-family: system-ui, sans-serif; }
.chart text { white-space: pre; }
.narrow { display: none; }
.curves { display: grid; grid-template-columns: 2fr 1fr; gap: .75rem 1.5rem; } .curves figure:first-child { grid-row: span 2; }
[class^="key-"] { display: inline-block; width: .65rem; height: .65rem; border-radius: 50%; margin-right: .3rem; border: 2px solid; }
.key-base { background: currentColor; color: var(--base); } .key-base.hollow { background: none; } .key-tuned { background: currentColor; color: var(--tuned); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: .75rem 1.5rem; margin-top: .75rem; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .75rem; list-style: none; margin: 0; padding: 0; }
.multiples li { background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .8rem; }
.multiples p { margin: .15rem 0 0; font-size: .875rem; line-height: 1.35; } .multiples .rule { margin-top: .25rem; font-size: .8125rem; line-height: 1.35; }
.few .chart, .few b { opacity: .45; } .few h4, .few p { color: var(--soft); }
.brief { display: grid; grid-template-columns: 2fr 2fr 1.5fr; gap: .1rem 1rem; border-bottom: 1px solid var(--line); padding: .45rem 0; font-size: .875rem; }
.brief header { grid-column: 1 / -1; } .brief p, .brief .reasons { margin: 0; }
.worst { padding: 0; margin: 0; list-style: none; font-size: .875rem; } .worst li { margin-bottom: .35rem; }

#filter { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem .9rem; padding: .75rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: .3rem; font-size: .8125rem; }
#filter label { display: grid; gap: .15rem; color: var(--soft); } #filter .check { grid-auto-flow: column; align-items: center; padding-bottom: .4rem; }
#filter select, #filter [type="search"] { font: inherit; font-size: .9375rem; color: var(--ink); background: var(--page); border: 1px solid var(--soft); border-radius: .25rem; padding: .3rem .4rem; height: 2.1rem; max-width: 100%; }
#filter output { padding-bottom: .4rem; margin-left: auto; }
.answer { background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .7rem 1rem; margin: .6rem 0; }
article header { display: flex; flex-wrap: wrap; gap: .15rem .7rem; align-items: baseline; color: var(--soft); font-size: .8125rem; }
.way, .critical { border: 1px solid; border-radius: 1rem; padding: 0 .5rem; font-size: .75rem; font-weight: 600; }
.way.broken, .critical { color: var(--fail); } .way.fixed { color: var(--pass); } .way.unsolved { color: var(--soft); }
.question { font-weight: 600; } .answer .pair { margin-top: .4rem; } .side h4 { font-size: .8125rem; font-weight: 500; color: var(--soft); }
blockquote { margin: 0; white-space: pre-wrap; } .reasons { margin: .2rem 0 0; padding: 0; list-style: none; } .preference { margin: 0; } .rule { margin-top: .4rem; }
del { background: var(--del); text-decoration-thickness: 1px; } ins { background: var(--ins); text-decoration: none; border-bottom: 2px solid var(--tuned); }
details.more { margin: .5rem 0; } summary { cursor: pointer; color: var(--tuned); font-size: .875rem; }

@media (max-width: 44rem) {
  table { font-size: .875rem; } th, td { padding-right: .7rem; } caption { max-width: 90vw; }
  body > header, main, footer { padding-inline: .9rem; } .verdict, .note { padding: .9rem 1rem; }
  .wide { display: none; } .narrow { display: block; } .curves, .brief { grid-template-columns: 1fr; }
  .multiples { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; } .multiples li { padding: .5rem; min-width: 0; }
  .criteria thead { display: none; } .criteria tr { display: grid; grid-template-columns: repeat(3, auto) ; gap: 0 1rem; border-bottom: 1px solid var(--line); padding: .7rem 0; }
  .criteria caption { display: block; } .criteria th, .criteria td { border: 0; padding: .15rem 0; text-align: left; }
  .criteria tbody th, .criteria .plot, .criteria .decided { grid-column: 1 / -1; width: auto; }
  .criteria .decided { order: -1; } .criteria tbody th { order: -2; } .criteria .number small { white-space: normal; }
  .criteria td[data-label]::before { content: attr(data-label); display: block; color: var(--soft); font-size: .8125rem; }
}
@page { size: A4; margin: 14mm 13mm; }
@media print {
  html { font-size: 8.5pt; } body { font-size: 1rem; line-height: 1.4; } body > header, main, footer { max-width: none; padding: 0; }
  nav, #filter, summary { display: none !important; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  main > section { margin-top: 1.5rem; } h2, h3, caption, thead { break-after: avoid; } thead { display: table-header-group; }
  tr, article, .verdict, .note, figure, .multiples li { break-inside: avoid; } .scroll { overflow: visible; }
  main > section:not(#answers, #slices, #data, #settings) { break-inside: avoid; }
  .multiples { grid-template-columns: repeat(4, 1fr); }
  th, td { padding: .3rem .8rem .3rem 0; } .answer { padding: .4rem .7rem; margin: .4rem 0; }
  .pair { grid-template-columns: 1fr 1fr; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
