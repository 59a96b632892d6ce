/** The document; everything else is added by client/main.ts. */
export const SHELL = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>lorafit</title>
<link rel="stylesheet" href="/page.css">
<script type="module" src="/client/main.js"></script>
</head>
<body><div id="page"></div></body>
</html>
`;

export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfaf8; --panel: #fff; --ink: #1d1c1a; --soft: #5d5a55; --line: #dedad3;
  --accent: #0b5cad; --on-accent: #fff; --mark: #ffe9a8; --error: #a3231a; --done: #1f6b3a; }
@media (prefers-color-scheme: dark) { :root { --ground: #161719; --panel: #1f2124; --ink: #ecebe8; --soft: #a9a7a2;
  --line: #3a3c40; --accent: #8cc0ff; --on-accent: #10243c; --mark: #5c4a10; --error: #ff9d94; --done: #8fd6a6; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 16px; }
header { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: center; }
h1 { font-size: 20px; margin: 0; flex: 1; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 4px; overflow-wrap: anywhere; }
h3 { font-size: 14px; margin: 0 0 4px; color: var(--soft); overflow-wrap: anywhere; }
main { display: grid; grid-template-columns: 340px minmax(0, 1fr); gap: 20px; padding-top: 0; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 16px; min-width: 0; }
.kinds { list-style: none; margin: 0 0 16px; padding: 0; }
.items { list-style: none; margin: 0; padding: 0; max-height: 60vh; overflow: auto; }
.kinds button, .items button { width: 100%; display: flex; justify-content: space-between; gap: 8px; text-align: left; border: 0;
  background: none; padding: 6px 8px; border-radius: 6px; }
button[aria-pressed="true"], button[aria-current="true"] { background: var(--line); }
button, input, textarea { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  padding: 6px 12px; min-height: 36px; }
button { cursor: pointer; }
button:disabled { cursor: default; color: var(--soft); }
button.first { background: var(--accent); color: var(--on-accent); border-color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 16px; margin: 16px 0; }
.sides p { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
mark { background: var(--mark); color: inherit; border-radius: 3px; }
.error { color: var(--error); }
.done { color: var(--done); }
.soft { color: var(--soft); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-top: 12px; }
label { display: block; font-size: 14px; color: var(--soft); }
label input, label textarea { display: block; width: 100%; margin-top: 2px; color: var(--ink); }
textarea { min-height: 96px; resize: vertical; }
kbd { font: 12px ui-monospace, monospace; border: 1px solid currentColor; border-radius: 4px; padding: 0 4px; margin-left: 6px; }
.status { min-height: 24px; margin: 8px 0 0; overflow-wrap: anywhere; }
@media (max-width: 760px) { main { grid-template-columns: minmax(0, 1fr); } .items { max-height: 30vh; } .hint { display: none; } }
@media (prefers-reduced-motion: no-preference) { button { transition: background 120ms; } }
`;
