#!/bin/sh
# Make yjs.js and LICENSES.txt again from package.json's versions: the same versions give the same bytes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/entry.mjs" "$work"
cd "$work"
npm install --no-audit --no-fund --silent
node_modules/.bin/esbuild entry.mjs --bundle --format=esm --platform=browser --target=es2022 --minify \
  --legal-comments=none --log-level=warning --outfile="$here/yjs.js"
for name in yjs y-protocols lib0 y-websocket; do
  printf '%s %s\n\n' "$name" "$(node -p "require('./node_modules/$name/package.json').version")"
  cat "node_modules/$name/LICENSE"
  printf '\n\n'
done > "$here/LICENSES.txt"
