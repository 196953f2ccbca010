// What a list becomes when a change is done to it that was meant for another state of it: elements that others changed stay.
import { aligned, isObject, label } from "./rows.js";

const LENGTH_LIMIT = 2000; // a longer list is set as a whole

/**
 * The elements of `now` with what leads from `before` to `after`; those that stay are in their old order.
 *
 * One that stays is `{now}`, its place, with `{change: [former, latter]}` where it changes; a new one is `{fresh}`.
 */
export function mergedList(before, now, after) {
  if (Math.max(before.length, now.length, after.length) > LENGTH_LIMIT) return after.map((fresh) => ({ now: null, fresh }));
  const all = now.map((_, place) => ({ now: place }));
  const of = new Map(aligned(before, now).map(([i, k]) => [i, all[k]]));
  const becomes = new Map(aligned(before, after));
  const was = new Map([...becomes].map(([i, j]) => [j, i]));
  const gone = new Map([...of].filter(([i]) => !becomes.has(i)));
  const dropped = new Set(gone.values());
  const ours = new Set(of.values());
  const theirs = new Set(all.filter((item) => !ours.has(item)));
  let [place, isBehindGone, done] = [0, false, 0];

  const standBehind = (item) => { [place, isBehindGone] = [all.indexOf(item) + 1, false]; };
  const pass = (end) => { // behind what is gone before the next that stays
    for (; done < end && !becomes.has(done); done += 1) {
      if (!of.has(done)) continue;
      standBehind(of.get(done));
      isBehindGone = true;
    }
  };
  const next = (j) => {
    for (let n = j + 1; n < after.length; n += 1) if (was.has(n) && of.has(was.get(n))) return of.get(was.get(n));
    return null;
  };
  const moved = (value) => { // others may have changed it where it stood
    for (const [i, item] of gone) {
      if (label(before[i]) !== label(value)) continue;
      gone.delete(i);
      return now[item.now];
    }
    return value;
  };
  const put = (j, value) => { // what another put there already is not doubled
    const following = next(j);
    const end = following ? all.indexOf(following) : all.length;
    const twin = all.slice(place, end).find((item) => theirs.has(item) && label(now[item.now]) === label(value));
    if (twin) {
      theirs.delete(twin);
      return standBehind(twin);
    }
    const at = isBehindGone || (following && place) ? place : end;
    all.splice(at, 0, { now: null, fresh: moved(value) });
    place = at + 1;
  };

  after.forEach((value, j) => {
    const i = was.get(j);
    pass(i ?? before.length);
    if (i === undefined) return put(j, value);
    done = i + 1;
    const isChanged = label(before[i]) !== label(value);
    const item = of.get(i);
    if (item) {
      standBehind(item);
      if (isChanged) item.change = [before[i], value];
    } else if (isChanged) put(j, value); // taken out by another while it was changed here
  });
  return all.filter((item) => !dropped.has(item));
}

/** Say whether two JSON values are equal, whatever the order of names. */
export function same(one, other) {
  if (one === other) return true;
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, n) => same(item, other[n]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]));
}

/** A plain value with the changes of both sides; where both changed one value, ours. */
export function together(before, now, after) {
  if (Array.isArray(now) && Array.isArray(after)) {
    const items = mergedList(Array.isArray(before) ? before : [], now, after);
    return items.map(({ now: place, fresh, change: [old, latter] = [] }) => (place === null ? fresh : latter ? together(old, now[place], latter) : now[place]));
  }
  if (!isObject(before) || !isObject(now) || !isObject(after)) return after;
  const found = Object.fromEntries(Object.entries(now).filter(([name]) => Object.hasOwn(after, name) || !Object.hasOwn(before, name)));
  for (const [name, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, name) || !same(before[name], value)) found[name] = together(before[name], now[name], value);
  }
  return found;
}
