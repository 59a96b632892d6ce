import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportHtml } from "../../src/report/html.ts";
import { findChromium } from "../chromium.ts";
import { data } from "./fixture.ts";

const executablePath = findChromium();
if (executablePath === undefined) console.log("report in a browser: skipped, there is no chromium here");

describe.skipIf(executablePath === undefined)("report.html in chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-report-"));
  const url = pathToFileURL(join(folder, "report.html")).href;
  let browser: Browser;

  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), reportHtml(data));
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--disable-gpu"],
    });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens the report and runs `look` on it. @returns console messages, page errors, dialogs and requests to other addresses */
  async function complaints(
    options: { width: number; dark?: boolean; javaScript?: boolean },
    look: (page: Page) => Promise<void>,
  ): Promise<string[]> {
    const context = await browser.newContext({
      viewport: { width: options.width, height: 800 },
      colorScheme: options.dark ? "dark" : "light",
      javaScriptEnabled: options.javaScript ?? true,
    });
    const page = await context.newPage();
    const found: string[] = [];
    page.on("console", (message) => found.push(message.text()));
    page.on("pageerror", (error) => found.push(error.message));
    page.on("dialog", (dialog) => {
      found.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("request", (request) => {
      if (request.url() !== url) found.push(request.url());
    });
    await page.goto(url);
    await look(page);
    await context.close();
    return found;
  }

  test.each([375, 768, 1280])(
    "at %i px the browser reports no error, loads nothing and does not scroll sideways",
    async (width) => {
      const found = await complaints({ width }, async (page) => {
        const overflow = await page.evaluate(
          "document.documentElement.scrollWidth - document.documentElement.clientWidth",
        );
        expect(overflow).toBe(0);
        const charts = page.locator("svg.chart:visible");
        expect(await charts.count()).toBe(3 + data.verdict.criteria.length + data.verdict.slices.length + 2);
        for (const chart of await charts.all()) {
          const box = (await chart.boundingBox())!;
          expect(box.width).toBeGreaterThan(100);
          expect(box.height).toBeGreaterThan(30);
        }
      });
      expect(found).toEqual([]);
    },
  );

  test("the filter narrows the answers, and print shows all of them", async () => {
    const shown = (page: Page) => page.locator("article:visible").count();
    await complaints({ width: 1280 }, async (page) => {
      await page.locator("#answers summary").click();
      const all = await shown(page);
      await page.selectOption("#filter [name=way]", "broken");
      expect(await shown(page)).toBe(await page.locator('[data-way="broken"]').count());
      await page.fill("#filter [name=words]", "no such words");
      expect(await shown(page)).toBe(0);
      expect(await page.locator("#filter output").textContent()).toBe(`0 of ${all} shown`);
      await page.emulateMedia({ media: "print" });
      expect(await shown(page)).toBe(all);
    });
  });

  test("without scripts everything is there, and no filter that does nothing", async () => {
    await complaints({ width: 1280, javaScript: false }, async (page) => {
      expect(await page.locator("#filter:visible").count()).toBe(0);
      expect(await page.locator('[data-way="fixed"]:visible').count()).toBe(data.verdict.flips.fixed.length);
    });
  });

  test.each([false, true])("text has a contrast of 4.5 to 1 with its background (dark: %s)", async (dark) => {
    await complaints({ width: 1280, dark }, async (page) => {
      const weak = await page.evaluate(WEAK_TEXTS);
      expect(weak).toEqual([]);
    });
  });
});

/** Texts whose contrast (WCAG 2.2, relative luminance) with the nearest painted background is below 4.5; greyed slices apart. */
const WEAK_TEXTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = channels(colour).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const weak = new Map();
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "")) continue;
    if (!element.checkVisibility() || element.closest(".few .chart, .few b")) continue;
    const style = getComputedStyle(element);
    let painted = element;
    while (painted && (channels(getComputedStyle(painted).backgroundColor)[3] ?? 1) === 0) painted = painted.parentElement;
    const [a, b] = [element.namespaceURI.endsWith("svg") ? style.fill : style.color, getComputedStyle(painted).backgroundColor].map(luminance);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) weak.set(element.tagName + "." + element.className, contrast.toFixed(2));
  }
  return [...weak];
})()`;
