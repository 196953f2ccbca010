// A person as a small circle: letters and colour are the same wherever the person is shown.

const COLOURS = ["#b4232a", "#1d5fbf", "#0f7a4d", "#8a3ab9", "#a34a00", "#00708a", "#b0307a", "#4f6200", "#5b4bd6", "#7a4a2b"];

/** One of a few colours on which white can be read; the same person, by id, has the same one everywhere. */
export function colourOf(id) {
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  return COLOURS[sum % COLOURS.length];
}

/** One or two letters of a name or an e-mail address. */
export function initials(name) {
  const words = name.replace(/@.*/, "").split(/[\s._-]+/).filter(Boolean);
  return (words.length > 1 ? [words[0], words.at(-1)] : words).map((word) => [...word][0].toUpperCase()).join("") || "?";
}
