// A socket that comes back by itself: it calls `onMessage` for every message and `onState` when it is live or polling.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const STEADY_MS = 3000; // a socket that lives shorter than this did not help

/** Keep a WebSocket to `path()` open until `stop()` is called. */
export function wire({ path, onMessage, onState }) {
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
    socket.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (stopped) return;
      become("polling");
      wait = opened && Date.now() - opened > STEADY_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS);
      timer = setTimeout(connect, wait);
    });
  }

  connect();
  return function stop() {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}
