// Hosts of the tests' organisations are on this machine; the header Host cannot be set from Node's WebSocket.
import dns from "node:dns";

const lookup = dns.lookup;
dns.lookup = (host, options, done) => lookup(host.endsWith(".test") ? "127.0.0.1" : host, options, done);
