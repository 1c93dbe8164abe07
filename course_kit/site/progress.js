// How much of each lesson was done on these pages: guesses locked, checks answered right, quizzes answered to the end.
const isDone = (name) => {
  const kept = localStorage.getItem(`course: ${name}`);
  if (!kept || name.startsWith("check ")) return Boolean(kept);
  const { locked, answers } = JSON.parse(kept);
  return Boolean(locked || answers?.every((answer) => answer >= 0));
};
for (const line of document.querySelectorAll(".done")) {
  const names = JSON.parse(line.dataset.names);
  const done = names.filter(isDone).length;
  if (done) line.textContent = `${done === names.length ? "✓ " : ""}${done} of ${names.length} answered on these pages`;
}
