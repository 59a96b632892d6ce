/** A count with its noun: "1 cluster", "2 clusters". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
