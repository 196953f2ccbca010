// The comments' part of the API. Every answer is JSON; a refusal is thrown with the words that the server gave.

const token = () => document.querySelector("#nx-talk-token [name=csrfmiddlewaretoken]")?.value ?? "";

async function call(method, path, body) {
  const headers = { Accept: "application/json", "X-CSRFToken": token() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const response = await fetch(path.startsWith("/api/") ? path : `/api/v1/comments${path}`, { method, headers, body: sent });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(words(answer.error));
  return answer;
}

function words(error) {
  const first = Array.isArray(error?.details) ? error.details[0]?.message : "";
  return first || error?.message || "That did not work. Try again.";
}

const said = (comment) => `/${comment.thread}/replies/${comment.id}`;

export const list = (query) => call("GET", `?${new URLSearchParams(query)}`);
export const next = (link) => call("GET", link);
export const thread = (id) => call("GET", `/${id}`);
export const open = (subject, anchor, text) => call("POST", "", { subject, anchor, text });
export const reply = (id, text) => call("POST", `/${id}/replies`, { text });
export const act = (id, what) => call("POST", `/${id}/${what}`, {});
export const edit = (comment, text) => call("PATCH", said(comment), { text });
export const remove = (comment) => call("DELETE", said(comment));
export const react = (comment, sign, on) => call("POST", `${said(comment)}/reactions`, { sign, on });
export const edits = (comment) => call("GET", `${said(comment)}/edits`);
export const people = (subject, q) => call("GET", `/mentionable?${new URLSearchParams({ subject, q })}`);
