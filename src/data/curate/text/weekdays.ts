const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const NAME = "(mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?s?";
const RANGE = new RegExp(`\\b${NAME} (?:to|till|until|through|-|–) ${NAME}\\b`, "gi");
const SINGLE = /\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b/gi;

const indexOf = (name: string): number => DAYS.indexOf(name.slice(0, 3).toLowerCase());

/** Days of the week that a text names, 0 for Monday: single days, ranges, weekdays, weekends. */
export function weekdaysOf(text: string): ReadonlySet<number> {
  const days = new Set<number>();
  for (const [, from, to] of text.matchAll(RANGE)) {
    for (let day = indexOf(from!); ; day = (day + 1) % 7) {
      days.add(day);
      if (day === indexOf(to!)) break;
    }
  }
  for (const [, name] of text.matchAll(SINGLE)) days.add(indexOf(name!));
  if (/\b(?:weekdays?|(?:working|business|work) days?)\b/i.test(text))
    for (let day = 0; day < 5; day++) days.add(day);
  if (/\bweekends?\b/i.test(text)) for (const day of [5, 6]) days.add(day);
  return days;
}
