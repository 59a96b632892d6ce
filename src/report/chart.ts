import { type PlotOptions, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Markup } from "./markup.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/**
 * A chart as static SVG. Its colours are the page's CSS variables, so that one drawing serves light, dark and paper.
 * @param label what the chart shows, numbers included, for those who cannot see it
 */
export function chart(label: string, options: PlotOptions): Markup {
  const svg = plot({ document, className: "chart", style: { fontSize: "11px" }, ...options });
  svg.querySelector("style")?.remove();
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return new Markup(svg.outerHTML);
}

/** A chart drawn twice, as a narrow screen would shrink the letters of a wide one; the style sheet shows one of them. */
export function fittedChart(draw: (width: number) => Markup): Markup {
  return new Markup(
    `<div class="wide">${draw(660).source}</div><div class="narrow">${draw(330).source}</div>`,
  );
}
