// What is wider than the page scrolls by itself; the keyboard must reach it, and only then.
const wide = document.querySelectorAll("pre, .table, .formula");
const mark = () => {
  for (const e of wide) e.scrollWidth > e.clientWidth ? e.setAttribute("tabindex", "0") : e.removeAttribute("tabindex");
};
addEventListener("resize", mark);
mark();
