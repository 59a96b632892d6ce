import { existsSync } from "node:fs";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** A chromium of this machine, or the one that LORAFIT_CHROMIUM names; undefined where there is none. */
export function findChromium(): string | undefined {
  return [process.env["LORAFIT_CHROMIUM"], ...PLACES].find((path) => path !== undefined && existsSync(path));
}
