// Where things stand in a list that is kept as numbers: few of them change when something comes, goes or moves.

/** The new number of each key of `wanted` that has to change so that they are in that order; `now` has the numbers of those there. */
export function places(wanted, now) {
  const kept = rising(wanted.filter((key) => now.has(key)), now);
  const found = new Map();
  let below = null;
  for (let position = 0; position < wanted.length;) {
    if (kept.has(wanted[position])) {
      below = now.get(wanted[position]);
      position += 1;
      continue;
    }
    let end = position;
    while (end < wanted.length && !kept.has(wanted[end])) end += 1;
    const between = numbers(below, end < wanted.length ? now.get(wanted[end]) : null, end - position);
    if (!between) return differing(new Map(wanted.map((key, n) => [key, n + 1])), now);
    between.forEach((number, n) => found.set(wanted[position + n], number));
    position = end;
  }
  return differing(found, now);
}

function differing(found, now) {
  return new Map([...found].filter(([key, number]) => now.get(key) !== number));
}

function numbers(below, above, count) {
  const row = Array.from({ length: count }, (_, n) => n + 1);
  if (above === null) return row.map((step) => (below ?? 0) + step);
  if (below === null) return row.map((step) => above - (count + 1 - step));
  const found = row.map((step) => below + ((above - below) / (count + 1)) * step);
  const all = [below, ...found, above];
  return all.every((number, n) => !n || all[n - 1] < number) ? found : null;
}

// The most keys whose numbers rise already.
function rising(keys, now) {
  const [lasts, previous] = [[], []];
  keys.forEach((key, n) => {
    let [low, high] = [0, lasts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (now.get(keys[lasts[middle]]) < now.get(key)) low = middle + 1;
      else high = middle;
    }
    previous.push(low ? lasts[low - 1] : -1);
    lasts[low] = n;
  });
  const kept = new Set();
  for (let n = lasts.at(-1) ?? -1; n >= 0; n = previous[n]) kept.add(keys[n]);
  return kept;
}
