// The table of claims can be filtered by verdict. What follows "holds" without a comma or colon is a condition.
const table = document.querySelector("main table");
const rows = [...table.tBodies[0].rows];
const verdictOf = (row) => {
  const said = row.cells[2].textContent.trim();
  if (said.startsWith("does not hold")) return "does not hold here";
  return said.startsWith("holds ") ? "holds under a condition" : "holds";
};
const kinds = ["all", "holds", "holds under a condition", "does not hold here"];
const counts = kinds.map((kind) => rows.filter((row) => kind === "all" || verdictOf(row) === kind).length);
const filter = Object.assign(document.createElement("div"), { className: "filter" });
filter.setAttribute("role", "group");
filter.setAttribute("aria-label", "Show claims by verdict");
const choose = (chosen) => {
  for (const row of rows) row.hidden = chosen !== "all" && verdictOf(row) !== chosen;
  for (const [i, button] of [...filter.children].entries()) button.setAttribute("aria-pressed", String(kinds[i] === chosen));
};
filter.append(...kinds.map((kind, i) => {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "toggle", textContent: `${kind} (${counts[i]})` });
  made.addEventListener("click", () => choose(kind));
  return made;
}));
table.before(filter);
choose("all");
