/** The normal quantile at 0.975. */
const Z = 1.959963984540054;

/**
 * 95 % Wilson score interval of a share (Wilson 1927, Probable inference, the law of succession, and statistical
 * inference): (p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n). It stays in [0, 1], in small samples too.
 * @param share 0 to 1
 * @param n independent observations, more than 0
 */
export function wilsonInterval(share: number, n: number): [number, number] {
  const squared = (Z * Z) / n;
  const centre = share + squared / 2;
  const reach = Z * Math.sqrt((share * (1 - share)) / n + squared / (4 * n));
  return [Math.max(0, centre - reach) / (1 + squared), Math.min(1 + squared, centre + reach) / (1 + squared)];
}
