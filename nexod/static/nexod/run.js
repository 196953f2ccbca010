// The page of a run, live: the socket tells that something happened, the server says how the page looks now.
import { morph } from "./morph.js";
import { watchActs } from "./run/acts.js";
import { isAnswering, keepTyped } from "./run/approvals.js";
import { countDown } from "./run/due.js";
import { follow } from "./run/following.js";
import { settleGraph, watchGraph } from "./run/graph.js";
import { watchKeys } from "./run/keys.js";
import { say } from "./run/said.js";
import { speak, speakAgain } from "./run/speaking.js";
import { load, showing, watchSteps } from "./run/steps.js";
import { renew, watchTimeline } from "./run/timeline.js";

const page = document.getElementById("nx-run");
const run = { seq: Number(page.dataset.seq), status: page.dataset.status, over: page.dataset.over === "1" };
const parts = ["head", "approval", "result", "graph", "steps"].map((name) => [name, document.getElementById(`nx-part-${name}`)]);

async function ask(signal) {
  const query = new URLSearchParams(showing.query);
  query.set("after", run.seq);
  return fetch(`${page.dataset.live}?${query}`, { headers: { Accept: "application/json" }, signal });
}

function show(now) {
  const questions = document.getElementById("nx-part-approval");
  const kept = keepTyped(questions);
  for (const [name, part] of parts) if (part !== questions || !isAnswering(part, now.parts[name])) morph(part, now.parts[name]);
  kept();
  renew(now);
  if (now.status !== run.status) say(now.title);
  Object.assign(run, { seq: Math.max(run.seq, now.seq), status: now.status, over: now.over });
  document.title = now.title;
  settleGraph();
  speakAgain();
  countDown();
  load();
}

const following = follow({ page, run, ask, show, hear: speak });
watchSteps(following.refresh);
watchGraph(following.refresh);
watchTimeline(page.dataset.lines);
watchActs(following);
watchKeys();
settleGraph();
countDown();
load();
