// The list of what could have been in a token's place.
import { say } from "./words.js";

let box = null, token = null;

// visible returns a token's text with its white space marked.
export function visible(text) {
  return text === "" ? "…" : text.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣");
}

export function percent(logprob) {
  const p = 100 * Math.exp(logprob);
  return (p >= 10 ? p.toFixed(0) : p >= 0.1 ? p.toFixed(1) : p.toExponential(0)) + " %";
}

// close closes the list, and gives the focus back to the token if it has it.
export function close() {
  if (!box) { return false; }
  const inside = box.contains(document.activeElement);
  box.remove();
  token.removeAttribute("aria-expanded");
  const from = token;
  box = token = null;
  if (inside && from.isConnected) { from.focus(); }
  return true;
}

// open shows the alternatives beside the token's element. Choose is called with the one that is clicked; it is
// null where the backend cannot continue from them.
export function open(element, t, choose) {
  close();
  token = element;
  token.setAttribute("aria-expanded", "true");
  box = document.createElement("div");
  box.className = "alternatives";
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", say("choose"));
  const list = document.createElement("ul");
  for (const a of t.top ?? []) {
    const item = document.createElement("li"), button = document.createElement("button");
    const bar = document.createElement("progress"), text = document.createElement("code"), number = document.createElement("span");
    button.type = "button";
    text.textContent = visible(a.text);
    bar.value = Math.exp(a.logprob);
    bar.setAttribute("aria-hidden", "true");
    number.textContent = percent(a.logprob);
    button.setAttribute("aria-label", `${visible(a.text)}, ${say("probability")} ${percent(a.logprob)}`);
    if (a.id === t.id) { button.setAttribute("aria-current", "true"); }
    button.disabled = !choose;
    button.append(text, bar, number);
    button.addEventListener("click", () => { close(); choose(a); });
    item.append(button);
    list.append(item);
  }
  const hint = document.createElement("p");
  hint.textContent = say(choose ? "hint" : "fixed");
  box.append(list, hint);
  box.addEventListener("keydown", move);
  document.body.append(box);
  place(element);
  (box.querySelector("button:enabled") ?? element).focus();
}

function move(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Tab") { close(); return; }
  if (!step) { return; }
  event.preventDefault();
  const buttons = [...box.querySelectorAll("button:enabled")], at = buttons.indexOf(document.activeElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
}

function place(element) {
  const at = element.getClientRects()[0] ?? element.getBoundingClientRect(), width = document.documentElement.clientWidth;
  let top = at.bottom + 4;
  if (top + box.offsetHeight > innerHeight && at.top - box.offsetHeight - 4 > 0) { top = at.top - box.offsetHeight - 4; }
  box.style.left = scrollX + Math.max(8, Math.min(at.left, width - box.offsetWidth - 8)) + "px";
  box.style.top = scrollY + top + "px";
}

document.addEventListener("pointerdown", (event) => {
  if (box && !box.contains(event.target)) { close(); }
});
