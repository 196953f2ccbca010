// Real Yjs clients (yjs and y-websocket, as pages have them) in one process, told by lines of JSON what to do.
//
//   {"n": 1, "peer": "a", "open": {"url", "room", "headers"}}   a client; its awareness has no user yet
//   {"n": 2, "peer": "a", "run": "<body of a function of (doc, provider, Y, peer)>"}   answers with what that returns
//   {"n": 3, "peer": "a", "until": "<the same, until it returns something true>"}
//
// Each is answered by {"n", "value"} or {"n", "error"}.
import { createInterface } from "node:readline";
import "./hosts.mjs";
import * as Y from "../../nexod/static/nexod/vendor/yjs.js";

const LOOK_MS = 15;
const peers = new Map();

function socketWith(headers) {
  return class extends WebSocket {
    constructor(url) {
      super(url, { headers });
    }
  };
}

function open({ url, room, headers, ...options }) {
  const doc = new Y.Doc();
  const provider = new Y.WebsocketProvider(url, room, doc, { WebSocketPolyfill: socketWith(headers), disableBc: true, ...options });
  const peer = { doc, provider, closes: [] };
  provider.on("connection-close", (event) => event && peer.closes.push({ code: event.code, reason: event.reason }));
  return peer;
}

const compiled = new Map();

function call(peer, body) {
  if (!compiled.has(body)) compiled.set(body, new Function("doc", "provider", "Y", "peer", body));
  return compiled.get(body)(peer.doc, peer.provider, Y, peer);
}

async function until(peer, body) {
  for (;;) {
    const value = call(peer, body);
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function obey(order) {
  if (order.open) {
    peers.set(order.peer, open(order.open));
    return null;
  }
  const peer = peers.get(order.peer);
  return order.until ? until(peer, order.until) : call(peer, order.run);
}

createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const order = JSON.parse(line);
    let answer;
    try {
      answer = { n: order.n, value: (await obey(order)) ?? null };
    } catch (error) {
      answer = { n: order.n, error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  })
  .on("close", () => process.exit(0));
