/**
 * The day on which every prompt is rendered, in training, evaluation and serving: a model that is trained on one date and
 * served on another reads prompts that it never saw. It is the date that Llama 3's templates have as their default.
 */
export const PROMPT_DATE = new Date(Date.UTC(2024, 6, 26));

const name = (options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" }).format(PROMPT_DATE);
const two = (value: number): string => String(value).padStart(2, "0");

const FIELDS: Readonly<Record<string, () => string>> = {
  d: () => two(PROMPT_DATE.getUTCDate()),
  m: () => two(PROMPT_DATE.getUTCMonth() + 1),
  Y: () => String(PROMPT_DATE.getUTCFullYear()),
  y: () => two(PROMPT_DATE.getUTCFullYear() % 100),
  b: () => name({ month: "short" }),
  B: () => name({ month: "long" }),
  a: () => name({ weekday: "short" }),
  A: () => name({ weekday: "long" }),
  H: () => "00",
  I: () => "12",
  M: () => "00",
  S: () => "00",
  p: () => "AM",
  j: () => "208",
  "%": () => "%",
};

/** strftime of PROMPT_DATE at midnight. @throws Error for a field that is not known */
export function formatPromptDate(format: string): string {
  return format.replaceAll(/%-?(.?)/g, (field, kind: string) => {
    const value = FIELDS[kind]?.();
    if (value === undefined) throw new Error(`strftime_now: ${field} is not supported`);
    return field.startsWith("%-") ? value.replace(/^0(?=\d)/, "") : value;
  });
}

/** A template whose calls of strftime_now are the fixed date, so that an exported template renders the same elsewhere. */
export function fixedDates(template: string): string {
  return template.replaceAll(
    /strftime_now\(\s*(?:"([^"]*)"|'([^']*)')\s*\)/g,
    (call, double?: string, single?: string) => {
      try {
        return JSON.stringify(formatPromptDate(double ?? single ?? ""));
      } catch {
        return call;
      }
    },
  );
}
