"""How long a move takes, from the key to the changed page, in JupyterLab in Chromium: our widgets beside ipywidgets.

    python benchmarks/widgets.py
    python benchmarks/widgets.py --moves 30 --json

All in one run, one after the other: the loss toy as a widget of the kit (A, drawn by the browser), the training player
(B, drawn from what Python sends), and the same toy as ipywidgets sliders with a matplotlib picture.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Locator, Page, sync_playwright
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the browser of the tests
from widgets.browser import Lab, Watched, lab_server, launch

KIT = "from course_kit.widgets import LossToy\nLossToy()"
PLAYER = """from course_lib.training import Recipe
from course_kit.widgets import TrainingPlayer

TrainingPlayer(recorded=0, recipe=Recipe(epochs=1000, batch_size=512, lr=0.02, weight_decay=0.02))"""
PEER = """import ipywidgets
import matplotlib.pyplot as plt
import torch
from course_lib import figures
from course_lib.losses import binary_loss, bpr_loss
from course_lib.metrics import recall_at_k

edges, out = torch.eye(2, dtype=torch.bool), ipywidgets.Output()
sliders = [ipywidgets.FloatSlider(value, min=-8, max=8, step=0.5) for value in (0, -1, -3, 2, 4)]

def draw(_=None):
    shift, *values = (slider.value for slider in sliders)
    scores = torch.tensor(values).reshape(2, 2)
    tables = [scores + torch.tensor([[0.0], [c / 4 - 8]]) for c in range(65)]
    lines = {"recall": [recall_at_k(t, edges, 1).item() for t in tables],
             "binary": [binary_loss(t, edges).item() for t in tables],
             "BPR": [bpr_loss(t, edges).item() for t in tables]}
    with out:
        out.clear_output(wait=True)
        _, axes = plt.subplots(1, 2, figsize=(7, 2.5))
        figures.matrix(scores + torch.tensor([[0.0], [shift]]), mark=edges, ax=axes[0])
        figures.curves([c / 4 - 8 for c in range(65)], lines, ax=axes[1])
        axes[1].axvline(shift)
        plt.show()

for slider in sliders:
    slider.observe(draw, "value")
draw()
ipywidgets.VBox([*sliders, out])"""

WATCH = """place => {
    globalThis.key = null;
    globalThis.changes = [];
    document.addEventListener("keydown", () => (key = performance.now()), {capture: true});
    new MutationObserver(() => changes.push(performance.now())).observe(place, {childList: true, subtree: true});
}"""
DRAG = """async ([handle, count]) => {
    changes.length = 0;
    let last;
    for (let i = 0; i < count; i++) {
        await new Promise(requestAnimationFrame);
        if (handle.type === "range") {
            handle.value = Number(handle.value) + (i < count / 2 ? 0.5 : -0.5);
            handle.dispatchEvent(new Event("input"));
        } else {
            const name = i < count / 2 ? "ArrowRight" : "ArrowLeft";
            handle.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
        }
        last = performance.now();
    }
    while (performance.now() - Math.max(last, changes.at(-1) ?? 0) < 1000) await new Promise(requestAnimationFrame);
    const drawn = changes.filter((time, i) => i === 0 || time - changes[i - 1] > 5);
    return {redraws: drawn.length, after_last: Math.max(0, changes.at(-1) - last)};
}"""


def moves(page: Page, handle: Locator, place: Locator, count: int, name: str) -> list[float]:
    """Milliseconds from each key to the first change of the drawing, after three to warm up."""
    place.evaluate(WATCH)
    times = []
    for move in tqdm(range(-3, count), desc=name, unit="key"):
        page.evaluate("() => { changes.length = 0; key = null }")
        handle.press("ArrowRight" if move % 2 else "ArrowLeft")
        page.wait_for_function("() => changes.length && performance.now() - changes.at(-1) > 300", polling=50)
        if move >= 0:
            times.append(page.evaluate("() => changes[0] - key"))
    return times


def measure(count: int) -> dict[str, dict[str, float]]:
    """Every widget in the same JupyterLab."""
    results = {}
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        page = Watched(launch(playwright)).page
        with lab_server(Path(folder), [KIT, PEER, PLAYER]) as address:
            lab = Lab(page, address, "test.ipynb")
            lab.command("notebook:run-all-cells")
            kit, peer, player = (lab.cell(text) for text in ("LossToy()", "ipywidgets.VBox", "TrainingPlayer("))
            player.locator("svg").first.wait_for()
            peer.locator("img").first.wait_for()
            for name, handle, place in (
                ("A: kit, drawn by the browser", kit.get_by_role("slider").first, kit.locator(".kit-body")),
                (
                    "ipywidgets + matplotlib",
                    peer.locator(".noUi-handle").first,
                    peer.locator("img").locator(
                        "xpath=ancestor::*[contains(concat(@class, ' '), 'jp-OutputArea ')][1]"
                    ),
                ),
            ):
                times = moves(page, handle, place, count, name)
                drag = page.evaluate(DRAG, [handle.element_handle(), 40])
                results[name] = {"median ms": median(times), "p95 ms": quantiles(times, n=20)[-1], **drag}
            results["B: kit, Python sends"] = pictures(page, player, count)
    return results


def pictures(page: Page, player: Locator, count: int) -> dict[str, float]:
    """From the key on "train on" to the first picture that Python sent, after three to warm up."""
    slider, times = player.get_by_role("slider"), []
    for move in tqdm(range(-3, count), desc="B: kit, Python sends", unit="key"):
        slider.evaluate("""slider => {
            globalThis.key = globalThis.sent = null;
            const before = slider.max; // the number of pictures
            document.addEventListener("keydown", () => (key ??= performance.now()), {capture: true, once: true});
            new MutationObserver((_, observer) => {
                if (slider.max === before) return;
                sent = performance.now();
                observer.disconnect();
            }).observe(slider, {attributeFilter: ["max"]});
        }""")
        player.get_by_role("button", name="train on").press("Enter")
        page.wait_for_function("() => sent !== null", polling=20)
        if move >= 0:
            times.append(page.evaluate("() => sent - key"))
        player.get_by_role("button", name="pause").press("Enter")
        page.wait_for_timeout(500)  # the last picture may still be on its way
    return {"median ms": median(times), "p95 ms": quantiles(times, n=20)[-1]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    results = measure(args.moves)
    if args.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{'key to changed page':30} {'median':>8} {'p95':>8}   40 moves at 60 Hz")
    for name, row in results.items():
        drag = f"{row['redraws']} redraws, last {row['after_last']:.0f} ms after" if "redraws" in row else ""
        print(f"{name:30} {row['median ms']:5.1f} ms {row['p95 ms']:5.1f} ms   {drag}")


if __name__ == "__main__":
    main()
