/** Scenarios that gate-truth.mjs draws from: the criterion, and the distribution of a case's base and tuned score. */

const named = { name: "simulated", cases: "simulated", scorer: "checks" };
const superiority = (margin, effect = margin + 0.2) => ({ ...named, kind: "superiority", margin, effect });
const notWorse = (margin) => ({ ...named, kind: "non-inferiority", margin });
const atLeast = (floor) => ({ ...named, kind: "at-least", floor });
const atMost = (ceiling) => ({ ...named, kind: "at-most", ceiling });
const nats = (criterion) => ({ ...criterion, scorer: "cross-entropy" });

const each = (size) => (_, clusters) => Array(clusters).fill(size);
const drawn = (size) => (rng, clusters) => Array.from({ length: clusters }, () => size(rng));

/** Sizes of all clusters of a set. */
export const SIZES = {
  "1 each": each(1),
  "3 each": each(3),
  "1 to 30": drawn((rng) => 1 + rng.int(30)),
  "geometric, mean 3.3": drawn((rng) => Math.ceil(Math.log(1 - rng.next()) / Math.log(0.7)) || 1),
  "1, one in ten 20": drawn((rng) => (rng.next() < 0.1 ? 20 : 1)),
  "one with half of all cases": (_, clusters) =>
    Array.from({ length: clusters }, (_, c) => (c === 0 ? clusters : 1)),
};

const ALL = { clusters: [30, 75, 150, 300], sizes: Object.keys(SIZES), alike: [0.5, 1] };
const SINGLE = { clusters: [30, 75, 150, 300], sizes: ["1 each", "1, one in ten 20"], alike: [0.5] };

/** 0/1: fixed with one probability, broken with another, else passed by both. */
const flips = (fixed, broken) => (rng) => {
  const u = rng.next();
  return u < fixed ? [0, 1] : u < fixed + broken ? [1, 0] : [1, 1];
};
/** 0/1: base and tuned right independently of each other. */
const independent = (base, tuned) => (rng) => [rng.next() < base ? 1 : 0, rng.next() < tuned ? 1 : 0];
/** The tuned model's own score alone. */
const right = (share) => (rng) => [1, rng.next() < share ? 1 : 0];
/** Nats per token: the tuned model loses `loss` on average. */
const loses = (loss, noise) => (rng) => {
  const before = 3 + rng.next();
  return [before, before + loss + noise(rng)];
};
const exponential = (rng) => -Math.log(1 - rng.next());
const student = (rng, k) => {
  let squares = 0;
  for (let i = 0; i < k; i++) squares += rng.normal() ** 2;
  return rng.normal() / Math.sqrt(squares / k);
};
/** Lognormal less its mean. */
const lognormal = (sigma) => (rng) => Math.exp(sigma * rng.normal() - sigma ** 2 / 2) - 1;
/** A share of texts has a large loss; the others are shifted so that the mean is 0. */
const rarely = (share, much) => {
  const mean = (share * (much[0] + much[1])) / 2;
  return (rng) =>
    (rng.next() < share ? much[0] + (much[1] - much[0]) * rng.next() : 0.02 * rng.normal()) - mean;
};
const normal = (rng) => 0.15 * rng.normal();

/** Scenarios with the truth exactly at the bar, in which the level is promised. */
export const NULLS = [
  { what: "0/1, no difference", criterion: superiority(0), draw: flips(0.15, 0.15), ...ALL },
  { what: "0/1, no difference, few flips", criterion: superiority(0), draw: flips(0.03, 0.03), ...ALL },
  {
    what: "0/1, no difference, independent answers",
    criterion: superiority(0),
    draw: independent(0.5, 0.5),
    ...ALL,
  },
  {
    what: "0/1, better by exactly the margin of 0.2",
    criterion: superiority(0.2),
    draw: flips(0.3, 0.1),
    ...ALL,
  },
  {
    what: "0/1, better by exactly the margin of 0.1, only fixed",
    criterion: superiority(0.1),
    draw: flips(0.1, 0),
    ...ALL,
  },
  {
    what: "0/1, worse by exactly 0.05, fixed and broken",
    criterion: notWorse(0.05),
    draw: flips(0.05, 0.1),
    ...ALL,
  },
  {
    what: "0/1, worse by exactly 0.05, only broken",
    criterion: notWorse(0.05),
    draw: flips(0, 0.05),
    ...ALL,
  },
  { what: "0/1, worse by exactly 0.1, only broken", criterion: notWorse(0.1), draw: flips(0, 0.1), ...ALL },
  {
    what: "0/1, no difference, large clusters lose and small ones gain",
    criterion: superiority(0),
    draw: (rng, size) => (size > 1 ? flips(0, 0.45)(rng) : flips(0.05, 0)(rng)),
    ...ALL,
    sizes: ["1, one in ten 20"],
  },
  {
    what: "0/1, no difference, large clusters gain and small ones lose",
    criterion: superiority(0),
    draw: (rng, size) => flips(size / 31, (31 - size) / 31)(rng),
    ...ALL,
    sizes: ["1 to 30"],
  },
  {
    what: "0/1, no difference on average, every other cluster better and the rest worse",
    criterion: superiority(0),
    draw: (rng, _, c) => (c % 2 === 0 ? flips(0.4, 0.1)(rng) : flips(0.1, 0.4)(rng)),
    ...ALL,
    sizes: ["1 each", "3 each"],
  },
  {
    what: "graded, no difference, thirds",
    criterion: superiority(0),
    draw: (rng) => [rng.int(4) / 3, rng.int(4) / 3],
    ...ALL,
  },
  {
    what: "graded, worse by exactly 0.05, one in ten loses half on average",
    criterion: notWorse(0.05),
    draw: (rng) => [1, rng.next() < 0.1 ? rng.next() : 1],
    ...ALL,
  },
  {
    what: "graded, better by exactly 0.1, skewed",
    criterion: superiority(0.1),
    draw: (rng) => {
      const gain = rng.next() ** 9;
      return [(1 - gain) * rng.next(), 0].map((score, i, both) => (i === 0 ? score : both[0] + gain));
    },
    ...ALL,
  },
  { what: "at least 0.3, exactly", criterion: atLeast(0.3), draw: right(0.3), ...ALL },
  { what: "at least 0.9, exactly", criterion: atLeast(0.9), draw: right(0.9), ...ALL },
  { what: "at most 0.1, exactly", criterion: atMost(0.1), draw: right(0.1), ...ALL },
  ...[
    ["normal", normal],
    ["a tail of losses", (rng) => 0.15 * (exponential(rng) - 1)],
    ["t with 3 degrees", (rng) => 0.1 * student(rng, 3)],
    ["1 % lose 2 to 5", rarely(0.01, [2, 5])],
    ["5 % lose 0.5", rarely(0.05, [0.5, 0.5])],
    ["5 % lose 1", rarely(0.05, [1, 1])],
  ].flatMap(([tail, noise]) =>
    [0.05, 0.3].map((margin) => ({
      what: `nats, worse by exactly ${margin}, ${tail}`,
      criterion: nats(notWorse(margin)),
      draw: loses(margin, noise),
      ...SINGLE,
      clusters: margin < 0.1 ? [200, 300, 600] : [30, 75, 200],
    })),
  ),
  {
    what: "nats, worse by exactly 0.5, exponential of 10 nats",
    criterion: nats(notWorse(0.5)),
    draw: loses(0.5, (rng) => 10 * (exponential(rng) - 1)),
    ...SINGLE,
  },
  {
    what: "nats, no difference, t with 2 degrees of 1 nat",
    criterion: nats(superiority(0)),
    draw: loses(0, (rng) => student(rng, 2)),
    ...SINGLE,
  },
  {
    what: "nats, no difference, Cauchy",
    criterion: nats(superiority(0)),
    draw: loses(0, (rng) => student(rng, 1)),
    ...SINGLE,
  },
];

const grouped = { clusters: [75, 150, 300], sizes: ["1 each"], alike: [0] };

/** Scenarios in which the gate does not hold its level. */
export const UNPROTECTED = [
  {
    what: "cases that paraphrase one another in threes, each its own cluster (no difference)",
    criterion: superiority(0),
    draw: repeating(3, flips(0.15, 0.15)),
    ...grouped,
  },
  {
    what: "the same in tens",
    criterion: superiority(0),
    draw: repeating(10, flips(0.15, 0.15)),
    ...grouped,
  },
  {
    what: "mean per case no different, where large clusters lose (the mean per cluster is better)",
    criterion: superiority(0),
    draw: (rng, size) => (size > 1 ? flips(0, 0.2)(rng) : flips(0.444, 0)(rng)),
    clusters: [75, 150, 300],
    sizes: ["1, one in ten 20"],
    alike: [0.5],
  },
  ...[1.5, 2].map((sigma) => ({
    what: `nats, worse by exactly 0.5, lognormal losses of 10 nats, sigma ${sigma}`,
    criterion: nats(notWorse(0.5)),
    draw: loses(0.5, (rng) => 10 * lognormal(sigma)(rng)),
    ...grouped,
  })),
  {
    what: "nats, worse by exactly 0.1, one text in 200 loses 20",
    criterion: nats(notWorse(0.1)),
    draw: loses(0.1, rarely(0.005, [20, 20])),
    ...grouped,
  },
  {
    what: "nats, worse by exactly 0.05, 1 % lose 8",
    criterion: nats(notWorse(0.05)),
    draw: loses(0.05, rarely(0.01, [8, 8])),
    ...grouped,
    clusters: [200, 300, 600],
  },
];

/** Draws that come in runs of `times` equal ones. */
function repeating(times, draw) {
  let last;
  return (rng, _, c) => {
    if (c % times === 0) last = draw(rng);
    return last;
  };
}

/** Effects drawn exactly as planned. */
export const PLANNED = [
  ...[0.1, 0.2, 0.3].map((effect) => ({
    what: `0/1, superiority, effect ${effect}`,
    criterion: superiority(0, effect),
    draw: independent((1 - effect) / 2, (1 + effect) / 2),
  })),
  {
    what: "0/1, superiority, margin 0.1, effect 0.3",
    criterion: superiority(0.1, 0.3),
    draw: independent(0.35, 0.65),
  },
  {
    what: "0/1, superiority, effect 0.2, few broken",
    criterion: superiority(0, 0.2),
    draw: flips(0.25, 0.05),
  },
  {
    what: "0/1, non-inferiority, margin 0.05, one in ten changes",
    criterion: notWorse(0.05),
    draw: flips(0.05, 0.05),
  },
  {
    what: "0/1, non-inferiority, margin 0.1, one in ten changes",
    criterion: notWorse(0.1),
    draw: flips(0.05, 0.05),
  },
  { what: "nats, non-inferiority, margin 0.05", criterion: nats(notWorse(0.05)), draw: loses(0, normal) },
  { what: "nats, non-inferiority, margin 0.1", criterion: nats(notWorse(0.1)), draw: loses(0, normal) },
  { what: "at least 0.5, planned 0.7", criterion: { ...atLeast(0.5), expected: 0.7 }, draw: right(0.7) },
  { what: "at most 0.2, planned 0.1", criterion: { ...atMost(0.2), expected: 0.1 }, draw: right(0.1) },
];

const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;

/** Pairs by cluster as columns. */
const columns = (clusters) => ({
  base: Float64Array.from(clusters.flat(), ([base]) => base),
  tuned: Float64Array.from(clusters.flat(), ([, tuned]) => tuned),
  cluster: Int32Array.from(clusters.flatMap((pairs, c) => pairs.map(() => c))),
  clusters: clusters.length,
});

/**
 * Sets resampled by cluster from the answers of a real run; in each cluster base and tuned change places by a coin, then
 * answers are broken or fixed until the expected difference of a cluster is as wanted.
 */
export function realNulls(rows) {
  const packs = {};
  for (const [pack, cluster, before, after] of rows) {
    packs[pack] ??= new Map();
    packs[pack].set(cluster, [...(packs[pack].get(cluster) ?? []), [before, after]]);
  }
  const clustersOf = (pack) => [...packs[pack].values()];
  const world = (pack, what, criterion, change) => {
    const clusters = clustersOf(pack);
    const set = (rng) =>
      columns(
        clusters.map(() => {
          const swap = rng.next() < 0.5;
          return clusters[rng.int(clusters.length)].map(([before, after]) =>
            change(rng, swap ? [after, before] : [before, after]),
          );
        }),
      );
    return { what: `${pack}: ${what}`, criterion, clusters: clusters.length, set };
  };
  const same = (_, pair) => pair;
  const moved = (pack, by) => {
    const passing = mean(clustersOf(pack).map((cluster) => mean(cluster.flat())));
    const rate = by < 0 ? -by / passing : by / (1 - passing);
    return (rng, [before, after]) => [before, rng.next() < rate ? (by < 0 ? 0 : 1) : after];
  };
  return [
    ...["domain", "safety", "scope"].flatMap((pack) => [
      world(pack, "labels swapped", superiority(0), same),
      world(pack, "better by exactly the margin of 0.1", superiority(0.1), moved(pack, 0.1)),
      world(pack, "worse by exactly 0.05", notWorse(0.05), moved(pack, -0.05)),
    ]),
    world("general", "labels swapped, worse by exactly 0.2 nat", nats(notWorse(0.2)), (_, [a, b]) => [
      a,
      b + 0.2,
    ]),
    world("general", "labels swapped, better by exactly 0.02 nat", nats(superiority(0.02)), (_, [a, b]) => [
      a,
      b - 0.02,
    ]),
  ];
}
