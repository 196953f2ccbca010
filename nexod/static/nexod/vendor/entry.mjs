// What of the libraries the pages use; make.sh turns it into yjs.js.
export * from "yjs";
export * as awareness from "y-protocols/awareness";
export * as sync from "y-protocols/sync";
export * as decoding from "lib0/decoding";
export * as encoding from "lib0/encoding";
export { WebsocketProvider } from "y-websocket";
