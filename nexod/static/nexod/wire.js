// A socket that comes back by itself: it calls `onMessage` for every message, with a function that answers, and `onState` when
// it is live or polling. With `onRefused` it stays away when the server says that it has to, and tells the code.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const STEADY_MS = 3000; // a socket that lives shorter than this did not help
const REFUSALS = new Set([4400, 4401, 4403, 4404]);

/** Keep a WebSocket to `path()` open until `stop()` is called. */
export function wire({ path, onMessage, onState, onRefused = null }) {
  let socket = null;
  let wait = FIRST_WAIT_MS;
  let timer = 0;
  let state = "";
  let stopped = false;

  function become(next) {
    if (state !== next) onState(next);
    state = next;
  }

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    let opened = 0;
    socket = new WebSocket(`${scheme}//${location.host}${path()}`);
    socket.addEventListener("open", () => {
      opened = Date.now();
      become("live");
    });
    const answer = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
    socket.addEventListener("message", (event) => onMessage(JSON.parse(event.data), answer));
    socket.addEventListener("close", ({ code }) => {
      if (stopped) return;
      if (onRefused && REFUSALS.has(code)) {
        stop();
        onRefused(code);
        return;
      }
      become("polling");
      wait = opened && Date.now() - opened > STEADY_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
      // Everybody who was cut off at once should not come back at once.
      timer = setTimeout(connect, wait * (0.5 + Math.random()));
    });
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    removeEventListener("online", hurry);
    socket?.close();
  }

  function hurry() {
    if (stopped || state !== "polling" || socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(timer);
    connect();
  }

  addEventListener("online", hurry);
  connect();
  return stop;
}
