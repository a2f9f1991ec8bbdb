/** Style of the pages: the colours and sizes of the console (console/src/styles/tokens.css), by the system's light or dark. */

/** One style element in each page, which the policy names by its digest. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --canvas: light-dark(#f6f7f5, #121413);
  --surface: light-dark(#ffffff, #1a1d1b);
  --raised: light-dark(#eef0ed, #232725);
  --text: light-dark(#1a1d1b, #e8ebe8);
  --muted: light-dark(#59605b, #a2aaa4);
  --line: light-dark(#d8dcd6, #333935);
  --control: light-dark(#868e88, #767f79);
  --accent: light-dark(#0b6b63, #6ed1c4);
  --on-accent: light-dark(#ffffff, #10201d);
  --warn: light-dark(#845100, #f0b952);
}
*, *::before, *::after { box-sizing: border-box; }
html { background: var(--canvas); color: var(--text); font: 16px/24px system-ui, sans-serif; text-size-adjust: 100%; }
body { margin: 0; padding: 24px 16px; }
main { max-width: 480px; margin: 0 auto; padding: 24px; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
h1 { margin: 0; font-size: 20px; line-height: 28px; font-weight: 600; overflow-wrap: anywhere; }
h2 { font-size: 16px; line-height: 24px; font-weight: 600; }
p, ul, dl, dd, fieldset { margin: 0; padding: 0; overflow-wrap: anywhere; }
ul { list-style: none; }
main > * + *, form > * + * { margin: 16px 0 0; }
fieldset { border: 0; min-width: 0; }
legend { padding: 0; font-weight: 600; }
dt { color: var(--muted); font-size: 14px; }
dd + dt { margin-top: 8px; }
label { display: flex; gap: 12px; align-items: flex-start; padding: 8px 0; }
input[type='checkbox'] { flex: none; width: 20px; height: 20px; margin: 2px 0 0; accent-color: var(--accent); }
button { min-height: 44px; padding: 8px 20px; font: inherit; font-weight: 600; color: var(--text); background: var(--surface); border: 1px solid var(--control); border-radius: 6px; cursor: pointer; }
button.primary { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
a { color: var(--accent); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
code { font: 14px/20px ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.items > li { padding: 16px 0; border-top: 1px solid var(--line); }
.items > li > * + * { margin-top: 8px; }
.row { display: flex; flex-wrap: wrap; gap: 12px; }
.note { color: var(--muted); font-size: 14px; line-height: 20px; }
.warning { padding: 12px; border-left: 4px solid var(--warn); background: var(--raised); }
`
