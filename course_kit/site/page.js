// What is wider than the page scrolls by itself; the keyboard must reach it, and only then.
const wide = document.querySelectorAll("pre, .table, main > table, .formula");
const mark = () => {
  const scrolls = Array.from(wide, (e) => e.scrollWidth > e.clientWidth); // all is measured before anything changes
  for (const [i, e] of wide.entries()) scrolls[i] ? e.setAttribute("tabindex", "0") : e.removeAttribute("tabindex");
};
// Once the first screen is painted, all of the page gets its place; to measure sooner would delay it.
new PerformanceObserver((_, observer) => {
  observer.disconnect();
  document.documentElement.classList.remove("opening");
  document.fonts.ready.then(mark); // formulas get their width with their font
  addEventListener("resize", mark);
  addEventListener("toggle", mark, true); // what was folded has had no width
}).observe({ type: "paint", buffered: true });

const button = (className, textContent, press) => {
  const made = Object.assign(document.createElement("button"), { type: "button", className, textContent });
  made.addEventListener("click", press);
  return made;
};

const sources = document.querySelectorAll("pre.highlight");
for (const source of sources) {
  const frame = Object.assign(document.createElement("div"), { className: "source" });
  source.replaceWith(frame);
  const copy = button("copy", "copy", async () => {
    await navigator.clipboard.writeText(source.textContent);
    copy.textContent = "copied";
    setTimeout(() => { copy.textContent = "copy"; }, 1500);
  });
  frame.append(source, copy);
}

// With the code folded away, a lesson reads as a text; the choice holds for all pages.
const FOLDED = "course: code folded";
const fold = (folded) => {
  document.documentElement.classList.toggle("folded", folded);
  toggle.textContent = folded ? "Show code" : "Hide code";
};
const toggle = document.querySelector("header .toggle"); // there from the first paint on, so that nothing moves
toggle?.addEventListener("click", () => {
  const folded = !document.documentElement.classList.contains("folded");
  localStorage.setItem(FOLDED, folded ? "1" : "");
  fold(folded);
});
if (toggle) {
  toggle.style.visibility = "visible";
  fold(Boolean(localStorage.getItem(FOLDED)));
}

const headings = [...document.querySelectorAll("main :is(h2, h3)[id]")];
for (const heading of headings) {
  const link = Object.assign(document.createElement("a"), { className: "anchor", href: `#${heading.id}`, textContent: "#" });
  link.setAttribute("aria-label", `Link to “${heading.textContent}”`);
  heading.append(" ", link);
}

// The section that is being read is marked in the contents.
const links = new Map([...document.querySelectorAll('.side a[href^="#"]')].map((link) => [link.hash.slice(1), link]));
const sections = headings.filter((heading) => links.has(heading.id));
const follow = () => {
  const last = sections.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
  for (const [place, link] of links) {
    if (place === last?.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
addEventListener("scroll", follow, { passive: true });
requestAnimationFrame(follow);
