// Locked guesses and the answers of quizzes are kept in this browser, and told to nobody.
const KEPT = ["guess", "locked", "answers"];
const nameOf = ({ question, questions }) => `course: ${question ?? questions?.map(([text]) => text).join(" ")}`;
const saved = (state) => JSON.parse(localStorage.getItem(nameOf(state)) ?? "null");
const asks = (state) => "truth" in state || "answers" in state;

// This runs while the page is read, before the host of the widgets: what it puts into the states is what they begin with.
const element = document.getElementById("widgets");
const stored = JSON.parse(element.textContent);
for (const { state } of Object.values(stored.models)) if (asks(state)) Object.assign(state, saved(state));
element.textContent = JSON.stringify(stored);

const keep = (model) => {
  const traits = KEPT.filter((trait) => model.get(trait) !== undefined);
  const state = { question: model.get("question"), questions: model.get("questions") };
  localStorage.setItem(nameOf(state), JSON.stringify(Object.fromEntries(traits.map((trait) => [trait, model.get(trait)]))));
};

// A locked guess opens what it was about.
const open = (id) => {
  for (const outcome of document.querySelectorAll(`[data-awaits="${id}"]`)) outcome.open = true;
};
addEventListener("DOMContentLoaded", () => {
  for (const { dataset, model } of document.querySelectorAll("[data-widget]")) {
    if (!asks(model.state)) continue;
    for (const trait of KEPT) model.on(`change:${trait}`, () => keep(model));
    model.on("change:locked", () => model.get("locked") && open(dataset.widget));
    if (model.get("locked")) open(dataset.widget);
  }
});
