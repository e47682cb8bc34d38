
(function () {
  "use strict";
  var lab = document.querySelector(".lab"), data = JSON.parse(document.getElementById("lab-data").textContent);
  var query = new URLSearchParams(location.search), tip = null, held = null;
  var words = {
    en: { p: "p", rank: "rank", entropy: "entropy", after: "after the processors p", cutAway: "cut", processor: "processor", tokens: "tokens cut", mass: "probability cut", left: "entropy left",
      token: "token", model: "model", processed: "processed", nats: "nats", id: "id", comma: ", ", open: " (", close: ")" },
    zh: { p: "概率", rank: "排名", entropy: "熵", after: "处理后概率", cutAway: "截去", processor: "处理器", tokens: "截去词元", mass: "截去概率", left: "剩余熵",
      token: "词元", model: "模型", processed: "处理后", nats: "奈特", id: "编号", comma: "，", open: "（", close: "）" }
  };

  function say(key) { return words[lab.lang === "en" ? "en" : "zh"][key]; }

  function setLanguage(name) {
    lab.lang = document.documentElement.lang = name === "en" ? "en" : "zh-CN";
    var button = lab.querySelector(".language");
    button.textContent = name === "en" ? "中文" : "English";
    button.lang = name === "en" ? "zh-CN" : "en";
    if (held) { show(held); }
  }

  function setTheme(name) {
    lab.dataset.theme = name;
    document.body.style.background = getComputedStyle(lab).getPropertyValue("--paper");
  }

  function make(tag, text, className) {
    var e = document.createElement(tag);
    if (text !== undefined) { e.textContent = text; }
    if (className) { e.className = className; }
    return e;
  }

  function row(cells, tag, className) {
    var tr = make("tr", undefined, className);
    cells.forEach(function (c) { tr.appendChild(c instanceof Node ? c : make(tag || "td", c)); });
    return tr;
  }

  function table(head, rows) {
    var t = make("table");
    t.appendChild(row(head, "th"));
    rows.forEach(function (r) { t.appendChild(r); });
    return t;
  }

  function probability(logprob) {
    if (logprob === null) { return say("cutAway"); }
    var p = Math.exp(logprob);
    return p >= 0.001 ? p.toFixed(3) : p.toExponential(1);
  }

  function piece(id) { return data.pieces[id].replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "␣"); }

  function describe(step) {
    var box = make("div", undefined, "tip"), first = make("p"), second = make("p");
    first.append(make("b", piece(step[0])), "  " + say("id") + " " + step[0]);
    second.textContent = [say("p") + " " + probability(step[1]) + say("open") + step[1].toFixed(2) + " " + say("nats") + say("close"), say("rank") + " " + step[3],
      say("entropy") + " " + step[4].toFixed(2), say("after") + " " + probability(step[2])].join(say("comma"));
    box.append(first, second);
    if (step[5].length > 0) {
      box.appendChild(table([say("processor"), say("tokens"), say("mass"), say("left")], step[5].map(function (c) {
        return row([data.processors[c[0]], c[1], c[2] === 0 ? "0" : c[2] >= 0.001 ? c[2].toFixed(3) : c[2].toExponential(1), c[3] === null ? "–" : c[3].toFixed(2)]);
      })));
    }
    box.appendChild(table([say("token"), "", say("model"), say("processed")], step[6].map(function (a) {
      var bar = make("td", undefined, "bar"), fill = make("i");
      fill.style.width = (100 * Math.exp(a[1])).toFixed(1) + "%";
      bar.appendChild(fill);
      return row([piece(a[0]), bar, probability(a[1]), make("td", probability(a[2]), a[2] === null ? "cut" : "")], "td", a[0] === step[0] ? "chosen" : "");
    })));
    return box;
  }

  function hide() {
    if (tip) { tip.remove(); tip = null; }
  }

  function show(token) {
    hide();
    token.removeAttribute("title");
    tip = describe(data.steps[token.parentNode.dataset.k][token.dataset.i]);
    lab.appendChild(tip);
    var at = token.getClientRects()[0], width = tip.offsetWidth, height = tip.offsetHeight;
    var top = at.bottom + 6;
    if (top + height > innerHeight && at.top - height - 6 > 0) { top = at.top - height - 6; }
    tip.style.left = scrollX + Math.max(8, Math.min(at.left, document.documentElement.clientWidth - width - 8)) + "px";
    tip.style.top = scrollY + top + "px";
  }

  function hold(token) {
    if (held) { held.classList.remove("held"); }
    held = token;
    if (!token) {
      hide();
      history.replaceState(null, "", location.pathname + location.search);
      return;
    }
    token.classList.add("held");
    history.replaceState(null, "", "#t" + token.parentNode.dataset.k + "-" + token.dataset.i);
    token.scrollIntoView({ block: "nearest" });
    show(token);
  }

  function tokenOf(event) { return event.target.closest ? event.target.closest(".text .t") : null; }

  lab.addEventListener("mouseover", function (event) {
    var token = tokenOf(event);
    if (token) { show(token); }
  });
  lab.addEventListener("mouseout", function (event) {
    if (!tokenOf(event)) { return; }
    if (held) { show(held); } else { hide(); }
  });
  lab.addEventListener("click", function (event) {
    var token = tokenOf(event);
    if (token) { hold(token === held ? null : token); } else if (held && !event.target.closest("button, a")) { hold(null); }
  });
  document.addEventListener("keydown", function (event) {
    if (!held) { return; }
    if (event.key === "Escape") { hold(null); }
    var next = event.key === "ArrowRight" ? held.nextElementSibling : event.key === "ArrowLeft" ? held.previousElementSibling : null;
    if (next) { event.preventDefault(); hold(next); }
  });
  lab.querySelector(".language").addEventListener("click", function () { setLanguage(lab.lang === "en" ? "zh" : "en"); });
  lab.querySelector(".theme").addEventListener("click", function () {
    var dark = lab.dataset.theme ? lab.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
  });

  setLanguage(query.get("lang") || (navigator.language.slice(0, 2) === "zh" ? "zh" : "en"));
  setTheme(query.get("theme") || "");
  var place = /^#t(\d+)-(\d+)$/.exec(location.hash);
  if (place) {
    var found = lab.querySelector('.text[data-k="' + place[1] + '"] .t[data-i="' + place[2] + '"]');
    if (found) { found.scrollIntoView({ block: "center" }); hold(found); }
  }
}());
