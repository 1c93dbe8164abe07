// What `check_answer` of course_kit.lessons.practice tells, for the number fields of a page.
const { checks, general, percent, enough } = JSON.parse(document.getElementById("checks").textContent);
const SHOW = "show";
const tries = new Map();

// The number in a text as people write it: thousands in groups, a percent sign, or one fraction.
const readNumber = (text) => {
  const plain = text.trim().replaceAll("−", "-").replace(/(?<=\d),(?=\d{3}\b)/g, "");
  const found = /^(-?[\d.]+(?:e[-+]?\d+)?)\s*(?:\/\s*([\d.]+)|(%))?$/i.exec(plain);
  if (!found) return null;
  const below = found[2] ? Number(found[2]) : found[3] ? 100 : 1;
  const number = Number(found[1]) / below;
  return Number.isNaN(number) || below === 0 ? null : number;
};

const equal = (first, second, tolerance) => first === second || Math.abs(first - second) <= tolerance;
const roundsTo = (number, exact) => {
  const [, decimals] = String(Number(Math.abs(number).toPrecision(15))).split(".");
  if (!decimals || decimals.includes("e")) return false;
  return Math.abs(number) >= 0.05 && Math.abs(number - exact) <= 0.5 * 10 ** -decimals.length + 1e-12;
};

const mistake = ({ answer, hints, tolerance }, number) => {
  const near = hints.find(([wrong]) => equal(number, wrong, tolerance));
  if (near) return near[1];
  return roundsTo(number / 100, answer) || equal(number / 100, answer, tolerance) ? percent : general;
};

// A mistake's own line at first; the first step for whoever makes it again; then the offer of the worked answer.
const nextLine = (name, line) => {
  const told = tries.get(name) ?? [];
  tries.set(name, [...told, line]);
  if (!told.includes(line)) return line;
  const offer = told.length + 1 >= enough ? ` Type "${SHOW}" for the worked answer.` : "";
  return `${line.replace(/\.$/, "")}. A first step: ${checks[name].worked[0]}${offer}`;
};

const verdict = (name, text) => {
  const check = checks[name];
  if (text.trim() === SHOW) {
    const left = enough - (tries.get(name)?.length ?? 0);
    return left > 0 ? `… the worked answer is shown after ${enough} tries; ${left} to go` : `The worked answer: ${check.worked[1]}`;
  }
  const number = readNumber(text);
  if (number === null) return "✗ this wants a number, such as 0.25, 1/4 or 25 %";
  if (equal(number, check.answer, check.tolerance) || roundsTo(number, check.answer)) return "✓ right";
  return `✗ ${nextLine(name, mistake(check, number))}`;
};

for (const form of document.querySelectorAll("form[data-check]")) {
  const said = form.querySelector("output");
  const key = `course: check ${form.dataset.check}`;
  if (localStorage.getItem(key)) [form.elements[0].value, said.textContent] = [localStorage.getItem(key), "✓ right"];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    said.textContent = verdict(form.dataset.check, form.elements[0].value);
    if (said.textContent === "✓ right") localStorage.setItem(key, form.elements[0].value);
  });
}
