// The wire to a shared document: in which state it is, and whether the server has committed everything that was written here.
import * as Y from "../vendor/yjs.js";

const SYNC = 0;
const ANSWER = 1; // the second step of y-protocols' sync
const REFUSED = new Set([4400, 4401, 4403, 4404, 4409, 4413]);
const ASK_AFTER_MS = 60;
const GIVE_UP_AFTER = 3; // attempts that never brought the document
const GIVE_UP_MS = 30000;

/**
 * Keep `doc` and the server's document the same.
 *
 * `onState` hears "connecting", "live", "offline", "blocked" (nothing ever came) or "out" (with the close code and the reason);
 * `onSaved` hears whether all that was written here is committed. An answer to our question comes after what we sent before it
 * is committed: that is how we know.
 */
export function connect({ address, room, doc, onState, onSaved }) {
  const provider = new Y.WebsocketProvider(address, room, doc, {
    disableBc: true, // what another tab has is not what the server has
    maxBackoffTime: 8000,
    shouldReconnect: ({ code }) => !REFUSED.has(code),
  });
  let [written, saved, failures, ever, timer] = [0, 0, 0, false, 0];
  let isStopped = false;
  let asked = []; // how much was written at each question that has no answer yet

  const settle = () => onSaved(saved === written);
  const ask = () => {
    timer = 0;
    if (!provider.wsconnected || saved === written) return;
    asked.push(written);
    const encoder = Y.encoding.createEncoder();
    Y.encoding.writeVarUint(encoder, SYNC);
    Y.sync.writeSyncStep1(encoder, doc);
    provider.ws.send(Y.encoding.toUint8Array(encoder));
  };
  const read = provider.messageHandlers[SYNC];
  provider.messageHandlers[SYNC] = (encoder, decoder, ...rest) => {
    const isAnswer = Y.decoding.peekVarUint(decoder) === ANSWER;
    read(encoder, decoder, ...rest);
    if (!isAnswer) return;
    failures = 0;
    saved = asked.shift() ?? saved;
    settle();
    if (saved !== written && !timer) timer = setTimeout(ask, ASK_AFTER_MS);
  };
  doc.on("update", (update, origin) => {
    if (origin === provider) return;
    written += 1;
    settle();
    timer ||= setTimeout(ask, ASK_AFTER_MS);
  });
  provider.on("status", ({ status }) => { if (status === "connected") asked = [saved]; }); // it asks first of all by itself
  provider.on("sync", (isSynced) => {
    if (!isSynced) return;
    const first = !ever;
    ever = true;
    onState("live", { first });
    timer ||= setTimeout(ask, 0); // what was written while we were away has just been sent
  });
  provider.on("connection-close", () => {
    if (isStopped) return;
    asked = [];
    failures += 1;
    if (ever) onState("offline");
    else if (failures >= GIVE_UP_AFTER) stop("blocked");
  });
  provider.on("closed", ({ code, reason }) => onState("out", { code, reason, ever }));
  const stop = (state) => {
    isStopped = true;
    provider.shouldConnect = false;
    provider.destroy();
    onState(state);
  };
  setTimeout(() => { if (!ever && provider.shouldConnect) stop("blocked"); }, GIVE_UP_MS);
  addEventListener("online", () => provider.shouldConnect && !provider.ws && provider.connect());
  addEventListener("offline", () => provider.ws?.close());
  onState("connecting");
  return provider;
}
