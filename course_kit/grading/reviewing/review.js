// The keys and fields of a submission's page. What the page shows comes from the server; nothing here makes HTML.

const main = document.querySelector("main[data-number]");
const room = location.pathname.split("/")[1];
const word = document.querySelector("meta[name=word]").content;

const post = async (what, body) => {
    const headers = { "Content-Type": "application/json", "X-Review": word };
    const answer = await fetch(`/${room}/${what}`, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.said);
    return said;
};

const number = (text) => Number(text.replace(",", ".").replace("−", "-"));

const say = (text, bad = false) => {
    const said = document.getElementById("said");
    said.textContent = text;
    said.classList.toggle("bad", bad);
};

// The cells of a line, as the fields of a part have them now.
const cells = (form) => {
    const fields = form.elements;
    const found = { points: fields.points.value.trim(), comment: fields.comment.value.trim() };
    if (fields.change) found.change = fields.change.value.trim();
    if (fields.excused?.checked) return { ...found, points: "excused", change: "" };
    return found;
};

const shownAtFirst = new Map();
const same = (one, other) => Object.keys(one).every((name) => one[name] === other[name]);
const changed = () => [...shownAtFirst].filter(([form, first]) => !same(cells(form), first)).map(([form]) => form);

const save = async () => {
    const forms = changed();
    if (!forms.length) {
        say("Nothing to save.");
        return true;
    }
    const changes = forms.map((form) => ({
        part: form.closest(".part").dataset.name,
        before: JSON.parse(form.dataset.before),
        after: cells(form),
    }));
    try {
        for (const [place, change] of changes.entries()) {
            const told = await post(`save/${main.dataset.number}`, { changes: [change] });
            forms[place].dataset.before = JSON.stringify(change.after);
            shownAtFirst.set(forms[place], change.after);
            document.getElementById("total").textContent = told.total;
            for (const [part, score] of Object.entries(told.scores)) {
                const shown = document.querySelector(`#part-${CSS.escape(part)} .score`);
                if (shown) shown.textContent = score;
            }
        }
    } catch (error) {
        say(error.message, true);
        return false;
    }
    say("Saved.");
    return true;
};

const go = async (link) => {
    if (!link) say("There is none.");
    else if (!changed().length || (await save())) {
        shownAtFirst.clear();
        location.assign(link.href);
    }
};

const parts = [...document.querySelectorAll(".part")];
let current = parts.find((part) => part.dataset.name === main?.dataset.part) ?? parts[0];

const choose = (part, move = true) => {
    if (!part) return;
    current.classList.remove("current");
    current = part;
    current.classList.add("current");
    if (move) current.focus({ preventScroll: part === parts[0] });
    if (move && part === parts[0]) scrollTo(0, 0);
};

// Points are those that were there before any item, and those of the items that are given.
const given = (form) => [...form.querySelectorAll('.items [aria-pressed="true"]')];
const sum = (form) => given(form).reduce((total, item) => total + Number(item.dataset.points), 0);
const field = (form) => form.elements.change ?? form.elements.points;
const bases = new Map();

const base = (form, item) => {
    if (bases.has(form)) return bases.get(form);
    const { value } = field(form);
    const most = Number(form.dataset.most);
    const start = value.trim() ? number(value) - sum(form) : Number(item.dataset.points) < 0 ? most : 0;
    bases.set(form, Number.isFinite(start) ? start : 0);
    return bases.get(form);
};

const toggle = (item) => {
    const form = item.closest("form");
    const start = base(form, item);
    const on = item.getAttribute("aria-pressed") !== "true";
    item.setAttribute("aria-pressed", String(on));
    const { comment } = form.elements;
    const others = comment.value.split("\n").filter((line) => line.trim() && line.trim() !== item.dataset.text);
    comment.value = (on ? [...others, item.dataset.text] : others).join("\n");
    const points = Math.round((start + sum(form)) * 100) / 100;
    const is_written = form.dataset.most !== "";
    const shown = is_written ? Math.min(Math.max(points, 0), Number(form.dataset.most)) : points;
    field(form).value = shown || is_written ? String(shown) : "";
};

const follow = (name) => go(document.getElementById(name));
const into = (name) => current.querySelector(`.give [name=${name}]`)?.focus();
const keys = {
    n: () => follow("after"),
    p: () => follow("before"),
    u: () => follow("unread"),
    l: () => follow("class"),
    m: () => go(current.querySelector("a.same") ?? document.querySelector("a.same")),
    j: () => choose(parts[parts.indexOf(current) + 1]),
    k: () => choose(parts[parts.indexOf(current) - 1]),
    g: () => into("points"),
    c: () => into("comment"),
    o: () => {
        const code = current.querySelector("details:not(.new)");
        if (code) code.open = !code.open;
    },
    s: save,
    x: () => document.querySelector("[name=excused]")?.click(),
    "?": () => document.getElementById("keys").showModal(),
};

const press = (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea");
    if (typing && event.key === "Escape") choose(typing.closest(".part"));
    else if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    else if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    else if (/^[1-9]$/.test(event.key)) {
        const item = current.querySelectorAll(".items button")[Number(event.key) - 1];
        if (item) toggle(item);
    } else if (Object.hasOwn(keys, event.key)) keys[event.key]();
    else return;
    event.preventDefault();
};

const add = async (event) => {
    event.preventDefault();
    const { points, text } = event.target.elements;
    const part = event.target.closest(".part").dataset.name;
    try {
        await post("item", { part, points: points.value, text: text.value });
    } catch (error) {
        say(error.message, true);
        return;
    }
    if (!changed().length || (await save())) {
        location.hash = `part-${part}`;
        location.reload();
    }
};

if (main) {
    for (const form of document.querySelectorAll("form.give")) {
        shownAtFirst.set(form, cells(form));
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            save();
        });
        field(form).addEventListener("input", () => bases.delete(form));
        for (const item of form.querySelectorAll(".items button")) item.addEventListener("click", () => toggle(item));
    }
    for (const form of document.querySelectorAll("form.item")) form.addEventListener("submit", add);
    for (const part of parts) part.addEventListener("focusin", () => choose(part, false));
    for (const link of document.querySelectorAll("nav a, a.same"))
        link.addEventListener("click", (event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            go(link);
        });
    document.getElementById("save").addEventListener("click", save);
    document.getElementById("help").addEventListener("click", keys["?"]);
    document.addEventListener("keydown", press);
    addEventListener("beforeunload", (event) => {
        if (changed().length) event.preventDefault();
    });
    const asked = document.getElementById(location.hash.slice(1));
    choose(parts.includes(asked) ? asked : current);
}
