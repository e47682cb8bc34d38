// A pane shows the texts of one model and one seed: the continuation of a prompt, or the turns of a chat.
import * as backend from "./backend.js";
import * as alternatives from "./alternatives.js";
import { say, translate } from "./words.js";

// levels are the least probabilities of the shades, the lightest first; one more has the rest.
export const levels = [0.9, 0.6, 0.35, 0.15, 0.05, 0.01, 0.002];

export function levelOf(logprob) {
  const at = levels.findIndex((p) => Math.exp(logprob) >= p);
  return at < 0 ? levels.length : at;
}

export class Pane {
  // models are those to choose from; settings returns those of the page; changed is called when the pane begins
  // or ends to generate.
  constructor(models, seed, settings, changed) {
    this.models = models;
    this.settings = settings;
    this.changed = changed;
    this.turns = []; // { role, content } of the user, { role, tokens, output, … } of the model
    this.undo = []; // what the branches replaced: { turn, tokens }
    this.element = document.getElementById("pane").content.firstElementChild.cloneNode(true);
    const find = (name) => this.element.querySelector("." + name);
    [this.select, this.seedInput, this.output, this.status, this.back] = ["model", "seed", "output", "status", "back"].map(find);
    for (const m of models) { this.select.add(new Option(m.id, m.id)); }
    this.seed = seed;
    this.back.addEventListener("click", () => this.undoBranch());
    this.select.addEventListener("change", () => { this.clear(); this.changed(); });
    this.output.addEventListener("click", (event) => { if (event.target.closest(".t")) { this.showAlternatives(event.target.closest(".t")); } });
    this.output.addEventListener("keydown", (event) => this.key(event));
    translate(this.element);
    this.clear();
  }

  get model() { return this.models[Math.max(0, this.select.selectedIndex)]; }
  get chats() { return this.model.task === "dialogue"; }
  get busy() { return Boolean(this.controller); }
  get seed() { return Number(this.seedInput.value); }
  set seed(n) { this.seedInput.value = n; }
  get tokens() { return this.turns.at(-1)?.tokens ?? []; }

  clear() {
    this.stop();
    this.turns = [];
    this.undo = [];
    const p = document.createElement("p");
    p.className = "empty";
    p.dataset.say = "empty";
    this.output.replaceChildren(p);
    translate(this.output);
    this.say();
  }

  // ask generates the text that a prompt or a message begins.
  ask(text) {
    if (!this.chats || this.turns.length === 0) { this.clear(); this.output.replaceChildren(); }
    if (this.chats) { this.show("user", say("you")).textContent = text; }
    this.turns.push({ role: "user", content: text });
    const output = this.show("assistant", say("reply"));
    if (!this.chats && this.model.task === "text") {
      const prompt = document.createElement("span");
      prompt.className = "prompt";
      prompt.textContent = text;
      output.append(prompt);
    }
    const turn = { role: "assistant", tokens: [], output };
    this.turns.push(turn);
    if (this.chats) { document.getElementById("ask").scrollIntoView({ block: "nearest" }); }
    return this.generate(turn);
  }

  // again generates the last text once more, with the pane's seed.
  again() {
    const turn = this.turns.at(-1);
    if (!turn?.tokens) { return Promise.resolve(); }
    this.undo = this.undo.filter((u) => u.turn !== turn);
    this.keep(turn, 0);
    return this.generate(turn);
  }

  show(role, label) {
    const article = document.createElement("article");
    article.className = "turn " + role;
    article.setAttribute("aria-label", label);
    const p = document.createElement("p");
    p.className = "text";
    article.append(p);
    this.output.append(article);
    return p;
  }

  request(turn) {
    const given = this.turns.slice(0, this.turns.indexOf(turn)).map((t) => ({ role: t.role, content: t.content ?? textOf(t) }));
    const what = this.chats ? { messages: given } : { prompt: given.at(-1).content };
    return { model: this.model.id, ...what, ...this.settings(), seed: this.seed, after: turn.tokens };
  }

  async generate(turn) {
    this.stop();
    const controller = this.controller = new AbortController(), request = this.request(turn);
    const began = performance.now(), given = turn.tokens.length;
    this.output.setAttribute("aria-busy", "true");
    this.changed();
    this.say(say("waiting"));
    try {
      const result = await backend.generate({ ...request, after: [...turn.tokens] }, (t) => {
        if (this.controller === controller) { this.add(turn, t); this.say(say("generating")); }
      }, controller.signal);
      if (this.controller !== controller) { return; }
      if (result.reason === "stop") { this.cut(turn, given, result.text); }
      const count = turn.tokens.length - given, seconds = result.seconds || (performance.now() - began) / 1000;
      turn.result = { ...result, count, seconds };
      this.say(`${count} ${say("tokens")} · ${(count / seconds).toFixed(count / seconds < 20 ? 1 : 0)} ${say("rate")} · ${say("seed")} ${request.seed} · ${say(result.reason)}`);
    } catch (err) {
      if (this.controller !== controller) { return; }
      this.say(String(err.message || err), true);
    } finally {
      if (this.controller === controller) {
        this.controller = null;
        this.output.removeAttribute("aria-busy");
        this.changed();
      }
    }
  }

  // stop ends the text at the next token.
  stop() { this.controller?.abort(); }

  say(text = "", failed = false) {
    this.status.textContent = text;
    this.status.classList.toggle("failed", failed);
    this.back.hidden = this.undo.length === 0;
  }

  add(turn, t, chosen = false) {
    const span = document.createElement("span");
    span.className = `t l${levelOf(t.logprob)}` + (chosen ? " chosen" : "") + (t.text.endsWith("\n") ? " line" : "");
    span.textContent = t.text;
    span.tabIndex = turn.tokens.length === 0 ? 0 : -1;
    span.setAttribute("role", "button");
    span.setAttribute("aria-haspopup", "dialog");
    span.title = `${alternatives.visible(t.text)} ${alternatives.percent(t.logprob)}`;
    turn.tokens.push(t);
    turn.output.append(span);
  }

  // keep drops all tokens of a turn but the first n.
  keep(turn, n) {
    alternatives.close();
    turn.tokens = turn.tokens.slice(0, n);
    [...turn.output.querySelectorAll(".t")].slice(n).forEach((e) => e.remove());
  }

  // cut drops what follows a text: a stop text and what is after it.
  cut(turn, given, text) {
    let at = given, left = text.length;
    for (; at < turn.tokens.length && left >= turn.tokens[at].text.length; at++) { left -= turn.tokens[at].text.length; }
    if (at < turn.tokens.length && left > 0) {
      turn.output.querySelectorAll(".t")[at].textContent = turn.tokens[at].text.slice(0, left);
      at++;
    }
    this.keep(turn, at);
  }

  // place returns the turn of a token's element and its index there.
  place(element) {
    const output = element.closest(".text"), turn = this.turns.find((t) => t.output === output);
    return { turn, i: [...output.querySelectorAll(".t")].indexOf(element) };
  }

  showAlternatives(element) {
    const { turn, i } = this.place(element), t = turn.tokens[i];
    this.focus(element);
    alternatives.open(element, t, this.model.fixed ? null : (a) => this.branch(turn, i, a));
  }

  // branch replaces a token by another, and generates what follows.
  branch(turn, i, a) {
    this.stop();
    this.undo.push({ turn, tokens: turn.tokens });
    while (this.turns.at(-1) !== turn) { // later turns answered another text
      this.turns.pop();
      this.output.lastElementChild.remove();
    }
    const top = turn.tokens[i].top;
    this.keep(turn, i);
    this.add(turn, { ...a, top }, true);
    return this.generate(turn);
  }

  undoBranch() {
    this.stop();
    this.controller = null;
    this.output.removeAttribute("aria-busy");
    const { turn, tokens } = this.undo.pop();
    this.keep(turn, 0);
    tokens.forEach((t) => this.add(turn, t));
    this.say();
    this.changed();
  }

  focus(element) {
    for (const e of element.closest(".text").querySelectorAll('.t[tabindex="0"]')) { e.tabIndex = -1; }
    element.tabIndex = 0;
    element.focus();
  }

  key(event) {
    const element = event.target.closest(".t");
    if (!element || event.ctrlKey || event.metaKey) { return; }
    const next = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
    if (next && element[next]?.classList.contains("t")) {
      event.preventDefault();
      this.focus(element[next]);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.showAlternatives(element);
    }
  }
}

// textOf returns the text of a turn of the model.
export function textOf(turn) { return turn.tokens.map((t) => t.text).join("").trim(); }
