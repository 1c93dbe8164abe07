// One more widget for the index, whose tables would make the page itself heavy: it joins the others before the host reads them.
{
  const element = document.getElementById("widgets");
  const stored = JSON.parse(element.textContent);
  const more = MORE;
  const place = document.createElement("div");
  for (const [id, { module, state }] of Object.entries(more.models)) {
    stored.models[id] = { module: stored.modules.length + module, state };
    place.dataset.widget = id;
  }
  stored.modules.push(...more.modules);
  stored.styles.push(...more.styles.filter((style) => !stored.styles.includes(style)));
  element.textContent = JSON.stringify(stored);
  document.getElementById("taste").replaceChildren(place);
}
