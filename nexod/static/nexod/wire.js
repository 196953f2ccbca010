// A socket that comes back by itself: it calls `onMessage` for every message and `onState` with live, polling or over.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;

/** Keep a WebSocket to `path()` open until `stop()` is called. */
export function wire({ path, onMessage, onState }) {
  let socket = null;
  let wait = FIRST_WAIT_MS;
  let timer = 0;
  let stopped = false;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${path()}`);
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT_MS;
      onState("live");
    });
    socket.addEventListener("message", (event) => onMessage(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      if (stopped) return;
      onState("polling");
      timer = setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    });
  }

  connect();
  return function stop() {
    stopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}
