// Joins the shared document of a workflow, tells who else is there, and writes a word into the workflow's description.
//
//   node edit.mjs wss://acme.example <id of the workflow> <API key with the scopes read and write> "a word"
//
// In a project of your own: import * as Y from "yjs", and { WebsocketProvider } from "y-websocket".
import * as Y from "../../../nexod/static/nexod/vendor/yjs.js";

const [server, workflow, key, word] = process.argv.slice(2);

// Browsers send the session's cookie by themselves; a program sends its key.
class WebSocketWithKey extends WebSocket {
  constructor(url) {
    super(url, { headers: { authorization: `Bearer ${key}` } });
  }
}

const doc = new Y.Doc();
const provider = new Y.WebsocketProvider(`${server}/ws/documents`, `workflow:${workflow}`, doc, {
  WebSocketPolyfill: WebSocketWithKey,
});
provider.awareness.setLocalStateField("user", { color: "#3569d4" });

provider.on("closed", ({ code, reason }) => {
  console.error(`Refused: ${code} ${reason}`);
  process.exit(1);
});

provider.once("sync", () => {
  const nodes = [...doc.getMap("nodes").values()].map((node) => `${node.get("id")} (${node.get("type")})`);
  console.log(`Nodes: ${nodes.join(", ")}`);
  console.log(`Clients here: ${provider.awareness.getStates().size}`);
  const about = doc.getMap("workflow");
  doc.transact(() => {
    if (!(about.get("description") instanceof Y.Text)) about.set("description", new Y.Text());
    about.get("description").insert(0, `${word} `);
  });
  // Asked after the change, the server answers when it is committed.
  saved().then(() => {
    console.log(`Saved: ${about.get("description")}`);
    provider.destroy();
    process.exit(0);
  });
});

function saved() {
  return new Promise((resolve) => {
    provider.synced = false;
    provider.once("sync", resolve);
    const ask = Y.encoding.createEncoder();
    Y.encoding.writeVarUint(ask, 0);
    Y.sync.writeSyncStep1(ask, doc);
    provider.ws.send(Y.encoding.toUint8Array(ask));
  });
}
