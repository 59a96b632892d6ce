/**
 * The page's only script: filters the answers on the screen, and opens folded parts before printing. The page works without it.
 * It contains no data of the run, and its hash is the only one that the page's Content-Security-Policy admits.
 */
export const SCRIPT = `
const form = document.getElementById("filter");
const items = [...document.querySelectorAll("[data-way]")].map((item) => ({ item, text: item.textContent.toLowerCase() }));
function apply() {
  const asked = new FormData(form);
  const words = asked.get("words").toLowerCase().split(/\\s+/);
  let shown = 0;
  for (const { item, text } of items) {
    const matches = ["way", "pack", "rule", "slice", "critical"].every((key) => !asked.get(key) || item.dataset[key] === asked.get(key))
      && words.every((word) => text.includes(word));
    item.classList.toggle("filtered", !matches);
    if (matches) shown++;
  }
  const narrowed = shown < items.length;
  if (narrowed) for (const details of document.querySelectorAll("#answers details")) details.open = true;
  form.querySelector("output").value = narrowed ? shown + " of " + items.length + " shown" : items.length + " answers";
}
if (form && items.length > 0) {
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => { for (const details of folded) details.open = false; });
`;
