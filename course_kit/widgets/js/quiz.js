import { node, stage } from "./kit.js";

export const score = (questions, answers) => ({
  answered: answers.filter((answer) => answer >= 0).length,
  right: questions.filter(([, , right], i) => answers[i] === right).length,
});

// Options are buttons: among radio buttons, an arrow key would already answer.
const ask = ([question, options, right, why], i) => (state, set) => {
  const buttons = options.map((option, number) => {
    const button = node("button", { type: "button", textContent: option });
    button.addEventListener("click", () => {
      if (state.answers[i] < 0) set({ answers: state.answers.map((answer, j) => (j === i ? number : answer)) });
    });
    return button;
  });
  const verdict = node("p", { className: "kit-verdict" });
  return {
    element: node("fieldset", {}, node("legend", { textContent: `${i + 1}. ${question}` }), ...buttons, verdict),
    show: () => {
      const answer = state.answers[i];
      buttons.forEach((button, number) => {
        const marks = answer < 0 ? [] : [number === right && "✓ right", number === answer && (answer === right ? "your answer" : "✗ your answer")];
        button.ariaPressed = String(number === answer);
        button.ariaDisabled = String(answer >= 0);
        button.textContent = [options[number], ...marks.filter(Boolean)].join(" · ");
      });
      verdict.textContent = answer < 0 ? "" : `${answer === right ? "Right." : "Not this one."} ${why}`;
    },
  };
};

export default stage({
  title: "Quiz",
  hint: "The first answer counts.",
  controls: ({ questions }) => questions.map(ask),
  restart: () => null, // a first answer stays
  draw({ questions, answers }) {
    const { answered, right } = score(questions, answers);
    const left = questions.length - answered;
    return {
      numbers: [["answered", `${answered} of ${questions.length}`], ["right", `${right}`]],
      say: left ? `${left} to go.` : `${right} of ${questions.length} right.`,
    };
  },
});
