// Keys inside a widget are the widget's, until Esc leaves it; space belongs to what it would press.
const inWidget = (event) => event.target.closest?.("[data-widget]");
const pressed = (event) => event.key === " " && event.target.closest?.("summary, a, button");

addEventListener("keydown", (event) => event.key === "Escape" && inWidget(event) && event.target.blur(), true);

// A slide too tall for the screen shrinks, down to letters that a room can still read; then it scrolls.
const HEIGHT = 740;
const fit = () => {
  const slide = Reveal.getCurrentSlide();
  let zoom = Number(slide.style.zoom || 1);
  while (slide.scrollHeight > HEIGHT / zoom && zoom > 0.65) slide.style.zoom = zoom -= 0.05;
  slide.style.maxHeight = `${HEIGHT / zoom}px`;
};
const grown = new ResizeObserver(fit); // a widget is drawn later than its slide, and an answered quiz is taller
for (const place of document.querySelectorAll("[data-widget]")) grown.observe(place);
Reveal.on("ready", fit);
Reveal.on("slidechanged", fit);
Reveal.on("fragmentshown", ({ fragment }) => fragment.scrollIntoView({ block: "nearest" }));
Reveal.initialize({
  width: 1024,
  height: 768,
  margin: 0.03,
  center: false,
  hash: true,
  transition: matchMedia("(prefers-reduced-motion: reduce)").matches ? "none" : "slide",
  slideNumber: "c/t",
  pdfSeparateFragments: false, // a slide is printed once, with all that it shows
  keyboardCondition: (event) => !event.altKey && !inWidget(event) && !pressed(event), // Alt ← is the browser's way back
  keyboard: { 78: () => Reveal.getPlugin("notes").open() }, // n
  plugins: [RevealNotes],
});
