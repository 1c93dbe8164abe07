// Sections that hold all words of the query; a word in a heading counts as much as ten in the text.
const entries = JSON.parse(document.getElementById("entries").textContent);
const field = document.querySelector("[name=q]");
const found = document.getElementById("found");
const results = document.getElementById("results");
const MOST = 40;

// "over-smoothing" and "oversmoothing" are one word here.
const plain = (text) => text.toLowerCase().replaceAll("-", "");
const count = (text, word) => plain(text).split(word).length - 1;
const pattern = (words) =>
  words.map((word) => [...word].map((sign) => sign.replace(/[.*+?^${}()|[\]\\]/, "\\$&")).join("-?")).join("|");
const weigh = ([, title, head, ...texts], words) => {
  const text = texts.join(" ");
  const weights = words.map((word) => 10 * count(head, word) + 5 * count(title, word) + Math.min(count(text, word), 9));
  return weights.includes(0) ? 0 : weights.reduce((sum, weight) => sum + weight, 0);
};

// The text around the first of the words, from a whole word to a whole word, with every word of the query marked.
const excerpt = (text, words) => {
  const at = text.lastIndexOf(" ", text.search(new RegExp(pattern(words), "i")) - 60) + 1;
  const cut = text.slice(at).match(/^.{0,220}(?!\S)/)?.[0] ?? "";
  const element = document.createElement("p");
  for (const [odd, part] of `${at ? "… " : ""}${cut}${at + cut.length < text.length ? " …" : ""}`.split(new RegExp(`(${pattern(words)})`, "i")).entries()) {
    element.append(odd % 2 ? Object.assign(document.createElement("mark"), { textContent: part }) : part);
  }
  return element;
};

const show = () => {
  const words = plain(field.value).split(/\s+/).filter(Boolean);
  const weighed = words.length ? entries.map((entry) => [weigh(entry, words), entry]).filter(([weight]) => weight) : [];
  weighed.sort(([a], [b]) => b - a);
  const counted = weighed.length ? `${weighed.length} section${weighed.length === 1 ? "" : "s"}` : "No section has all of these words. Try fewer, or shorter ones.";
  found.textContent = words.length ? counted : "Type a word or two in the field above.";
  results.replaceChildren(...weighed.slice(0, MOST).map(([, [address, title, head, text]]) => {
    const link = Object.assign(document.createElement("a"), { href: address, textContent: head === title ? title : `${title} › ${head}` });
    const item = document.createElement("li");
    item.append(link, excerpt(text, words));
    return item;
  }));
};

field.value = new URLSearchParams(location.search).get("q") ?? "";
field.addEventListener("input", show);
field.form.addEventListener("submit", (event) => event.preventDefault());
field.focus();
show();
