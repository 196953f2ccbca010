// What is asked of the server, one after the other. What it cannot be asked now is kept and asked again; nothing is dropped unsaid.

const [FIRST_MS, LONGEST_MS] = [2000, 30000];

/** The server was not there to be asked: whatever was meant has not happened, and may be asked again. */
export class Unreachable extends Error {}

/**
 * A row of errands: `{title, work}`; `work()` throws Unreachable when it is to be tried again, and any other error when it did not happen.
 *
 * `onWait(titles)` hears what waits (nothing: an empty list), `onFail(error)` what did not happen. An errand without a title is a mere
 * look: of those that wait only the newest is kept.
 */
export function errands({ onWait, onFail, later = setTimeout }) {
  let [row, isBusy, isWaiting, isOver, timer, pause] = [[], false, false, false, 0, FIRST_MS];
  let settled = [];

  const tell = () => onWait(isWaiting ? row.filter(({ title }) => title).map(({ title }) => title) : [], isWaiting);
  const rest = () => {
    if (isBusy || (row.length && !isWaiting)) return;
    for (const done of settled.splice(0)) done();
  };
  const next = async () => {
    if (isBusy || isWaiting || isOver || !row.length) return rest();
    isBusy = true;
    const errand = row[0];
    try {
      await errand.work();
      pause = FIRST_MS;
    } catch (error) {
      isWaiting = error instanceof Unreachable && row.includes(errand);
      if (!isWaiting) onFail(error);
    }
    isBusy = false;
    if (isWaiting) {
      timer = later(again, pause);
      pause = Math.min(pause * 2, LONGEST_MS);
    } else row = row.filter((one) => one !== errand);
    tell();
    next();
  };
  const again = () => {
    clearTimeout(timer);
    isWaiting = false;
    next();
  };
  return {
    add(errand) {
      const isOld = (one, n) => !errand.title && !one.title && !(isBusy && n === 0);
      row = [...row.filter((one, n) => !isOld(one, n)), errand];
      tell();
      next();
    },
    /** The wire is back: do not wait any longer. */
    again,
    /** Say whether something is still to be done that has a title. */
    has: () => row.some(({ title }) => title),
    /** Resolves when nothing is under way; what waits for the server is not waited for. */
    ready: () => new Promise((done) => { settled.push(done); rest(); }),
    /** Give up what waits; returns what it was. */
    drop() {
      const titles = row.filter(({ title }, n) => title && (n || !isBusy)).map(({ title }) => title);
      row = row.filter(({ title }, n) => !title || (isBusy && !n));
      isWaiting = false;
      tell();
      next();
      return titles;
    },
    /** Ask nothing any more; returns what did not happen. */
    stop() {
      isOver = true;
      clearTimeout(timer);
      return row.filter(({ title }) => title).map(({ title }) => title);
    },
  };
}
