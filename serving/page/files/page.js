// The page: it opens the backend, and connects the controls with the panes.
import * as backend from "./backend.js";
import * as alternatives from "./alternatives.js";
import { Pane, levels } from "./pane.js";
import { current, say, setLanguage, translate } from "./words.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

// sliders are what the chain of processors has, in its order: name, least, most, step, default, value that is off.
const sliders = [
  ["max_tokens", 1, 1000, 1, 200], ["temperature", 0, 2, 0.05, 0.8], ["top_k", 0, 200, 1, 0, 0], ["top_p", 0, 1, 0.01, 0.95, 1], ["min_p", 0, 1, 0.01, 0, 0],
  ["typical", 0, 1, 0.01, 1, 1], ["repetition_penalty", 1, 2, 0.01, 1, 1], ["frequency_penalty", -2, 2, 0.05, 0, 0], ["presence_penalty", -2, 2, 0.05, 0, 0], ["no_repeat", 0, 10, 1, 0, 0],
];
const shown = 8; // alternatives of a token

let panes = [], models = [];

const remembered = (name) => { try { return localStorage.getItem("euryale-" + name); } catch { return null; } };
const remember = (name, value) => { try { localStorage.setItem("euryale-" + name, value); } catch { /* without storage it is asked again */ } };

// settings returns what the controls say.
function settings() {
  const values = { top: shown, stop: $("stops").value.split("\n").filter((s) => s !== "") };
  for (const [name] of sliders) { values[name] = Number($(name).value); }
  return values;
}

function makeSliders() {
  for (const [name, min, max, step, value, off] of sliders) {
    const row = document.createElement("div"), label = document.createElement("label"), input = document.createElement("input"), output = document.createElement("output");
    row.className = "row slider";
    label.htmlFor = input.id = name;
    label.dataset.say = name;
    Object.assign(input, { type: "range", min, max, step, value, defaultValue: value });
    output.htmlFor = name;
    const show = () => {
      const v = Number(input.value);
      output.value = v === off ? say("off") : name === "temperature" && v === 0 ? say("greedy") : String(v);
      input.setAttribute("aria-valuetext", output.value);
    };
    input.addEventListener("input", show);
    input.show = show;
    row.append(label, output, input);
    $("sliders").append(row);
  }
}

// update shows which controls can be used now.
function update() {
  const first = panes[0], chats = first.chats, busy = panes.some((p) => p.busy), has = panes.some((p) => p.turns.length > 0);
  $("stop").disabled = !busy;
  $("regenerate").disabled = busy || !has;
  $("generate").disabled = busy;
  $("clear").hidden = !chats;
  $("clear").disabled = !has;
  $("generate").textContent = say(chats ? "send" : "generate");
  $("input-label").textContent = say(chats ? "message" : first.model.task === "source" ? "source" : "prompt");
  if (document.body.classList.toggle("chats", chats) !== ($("panes").nextElementSibling === $("ask"))) {
    $("ask")[chats ? "before" : "after"]($("panes")); // a chat is written below what was said
  }
  $("legend").hidden = !has;
}

function addPane() {
  const pane = new Pane(models, (panes[0]?.seed ?? 0) + 1, settings, update);
  if (models.length > 1 && panes.length > 0) { pane.select.selectedIndex = (panes[0].select.selectedIndex + 1) % models.length; }
  panes.push(pane);
  $("panes").append(pane.element);
}

function compare(on) {
  if (on && panes.length < 2) { addPane(); }
  if (!on && panes.length > 1) { panes.pop().clear(); $("panes").lastElementChild.remove(); }
  $("panes").classList.toggle("two", on);
  update();
}

function generate() {
  const text = $("input").value;
  if (panes.some((p) => p.busy) || panes[0].chats && text.trim() === "") { return; }
  if (panes[0].chats) { $("input").value = ""; }
  panes.forEach((p) => p.ask(text));
}

function regenerate() {
  if ($("regenerate").disabled) { return; }
  panes.forEach((p) => { p.seed += panes.length; p.again(); });
}

function speak(name) {
  setLanguage(name);
  $("language").textContent = say("language");
  $("language").lang = name === "zh" ? "en" : "zh-CN";
  for (const [id] of sliders) { $(id).show(); }
  $("shortcuts").replaceChildren(...say("shortcuts").flatMap(([keys, does]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = keys;
    dd.textContent = does;
    return [dt, dd];
  }));
  if (panes.length > 0) { update(); }
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").setAttribute("aria-pressed", String(name === "dark"));
}

function connect() {
  $("ask").addEventListener("submit", (event) => { event.preventDefault(); generate(); });
  $("stop").addEventListener("click", () => panes.forEach((p) => p.stop()));
  $("regenerate").addEventListener("click", regenerate);
  $("clear").addEventListener("click", () => { panes.forEach((p) => p.clear()); update(); $("input").focus(); });
  $("compare").addEventListener("change", () => compare($("compare").checked));
  $("defaults").addEventListener("click", () => { for (const [id, , , , value] of sliders) { $(id).value = value; $(id).show(); } $("stops").value = ""; });
  $("language").addEventListener("click", () => { const to = current() === "zh" ? "en" : "zh"; speak(to); remember("language", to); });
  $("theme").addEventListener("click", () => { const to = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; setTheme(to); remember("theme", to); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !alternatives.close()) { panes.forEach((p) => p.stop()); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && panes.length > 0) {
      event.preventDefault();
      if (event.shiftKey) { regenerate(); } else { generate(); }
    } else if (event.key === "Enter" && event.target === $("input") && !event.shiftKey && panes[0]?.chats && !event.isComposing) {
      event.preventDefault();
      generate();
    }
  });
}

function makeLegend() {
  $("shades").replaceChildren(...[...levels, null].flatMap((p, i) => {
    const e = document.createElement("span");
    e.className = `l${i} shade`;
    e.textContent = p === null ? `< ${levels.at(-1)}` : `≥ ${p}`;
    return [e, " "];
  }));
}

// askKey shows the input of the key that a server wants.
function askKey() {
  $("key-row").hidden = $("side").hidden = false;
  $("settings").open = true;
  $("key").focus();
}

async function open() {
  try {
    models = await backend.models((done, total) => { $("progress").value = done / total; });
  } catch (err) {
    $("loading").hidden = true;
    $("failure").hidden = false;
    $("failure").textContent = String(err.message || err);
    if (err.needsKey) { askKey(); }
    return;
  }
  $("loading").hidden = true;
  for (const id of ["ask", "side"]) { $(id).hidden = false; }
  $("max_tokens").max = Math.min($("max_tokens").max, ...models.map((m) => m.most ?? Infinity));
  addPane();
  panes[0].select.value = query.get("model") ?? models[0].id;
  if (panes[0].select.selectedIndex < 0) { panes[0].select.selectedIndex = 0; }
  translate(document);
  update();
  $("input").focus();
}

makeSliders();
makeLegend();
connect();
speak(query.get("lang") ?? remembered("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
setTheme(query.get("theme") ?? remembered("theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
$("settings").open = matchMedia("(min-width: 56em)").matches;
$("key").addEventListener("change", () => { backend.setKey($("key").value); $("failure").hidden = true; open(); });
open();
