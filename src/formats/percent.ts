/** A share from 0 to 1 for people: "12.5 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
