import { type PlotOptions, plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Markup } from "./markup.ts";

const { document } = parseHTML("<!doctype html><html><body></body></html>");

/**
 * Chart as static SVG. Its colours are CSS variables of the page, so one drawing serves light, dark and paper.
 * @param label text alternative with the numbers, for screen readers
 */
export function chart(label: string, options: PlotOptions): Markup {
  const svg = plot({ document, className: "chart", style: { fontSize: "11px" }, ...options });
  svg.querySelector("style")?.remove();
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return new Markup(svg.outerHTML);
}

/** Chart in two widths, of which the style sheet shows one: a wide drawing has illegible letters on a narrow screen. */
export function fittedChart(draw: (width: number) => Markup): Markup {
  return new Markup(
    `<div class="wide">${draw(660).source}</div><div class="narrow">${draw(330).source}</div>`,
  );
}
