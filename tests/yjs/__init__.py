"""Real Yjs clients for tests: a Node process with yjs and y-websocket as pages have them."""
