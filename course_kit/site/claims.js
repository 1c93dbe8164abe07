// The table of claims can be filtered by verdict; its buttons are there from the first paint on, so that nothing moves.
const filter = document.querySelector(".filter");
const claims = document.querySelectorAll("[data-verdict]");
for (const button of filter.children) {
  button.addEventListener("click", () => {
    const { kind } = button.dataset;
    for (const row of claims) row.hidden = kind !== "all" && row.dataset.verdict !== kind;
    for (const other of filter.children) other.setAttribute("aria-pressed", String(other === button));
  });
}
filter.style.visibility = "visible";
