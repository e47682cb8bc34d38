
(function () {
  "use strict";
  var root = document.documentElement, data = JSON.parse(document.getElementById("figures").textContent);
  var strips = {}, grids = [], held = null, now = document.querySelector(".now"), query = new URLSearchParams(location.search);
  document.querySelectorAll(".strip").forEach(function (p) { strips[p.dataset.side] = Array.from(p.querySelectorAll(".t")); });

  function visible(s) { return s.replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/\r/g, "←").replace(/ /g, "␣"); }
  function number(v) { return v === null ? "–" : Math.abs(v) >= 1000 || v !== 0 && Math.abs(v) < 0.001 ? v.toExponential(2) : String(+v.toPrecision(4)); }
  function make(tag, className, text) {
    var e = document.createElement(tag);
    if (className) { e.className = className; }
    if (text !== undefined) { e.textContent = text; }
    return e;
  }

  // Axes: labels, and the number of each position.
  function labels(axis) { return axis.labels || (axis.kind === "source" ? data.source : data.tokens); }
  function indexOf(axis, i) { return axis.index ? axis.index[i] : i; }
  function placesOf(axis, i) { // the columns or rows of position i
    if (!axis.index) { return i < labels(axis).length ? [i] : []; }
    var all = [];
    axis.index.forEach(function (v, at) { if (v === i) { all.push(at); } });
    return all;
  }

  function unpack(m) {
    var rows = labels(m.rows).length, cols = labels(m.cols).length;
    if (m.plain) { return m.plain; }
    var raw = atob(m.bytes), values = new Array(rows * cols).fill(0), at = 0;
    for (var i = 0; i < rows; i++) {
      for (var j = 0; j < (m.lower ? i + 1 : cols); j++) {
        var b = raw.charCodeAt(at++);
        values[i * cols + j] = b === 255 ? null : m.low + (m.high - m.low) * b / 254;
      }
    }
    return values;
  }

  function most(values) { return values.reduce(function (a, v) { return v === null ? a : Math.max(a, Math.abs(v)); }, 0) || 1; }

  var palette;
  function readPalette() {
    var style = getComputedStyle(root);
    palette = {};
    ["up", "down", "zero"].forEach(function (n) { palette[n] = style.getPropertyValue("--" + n).trim().split(" ").map(Number); });
  }
  function colour(v, scale) {
    if (v === null) { return "transparent"; }
    var t = Math.min(1, Math.abs(v) / scale), end = v < 0 ? palette.down : palette.up;
    return "rgb(" + palette.zero.map(function (z, i) { return Math.round(z + (end[i] - z) * t); }).join(",") + ")";
  }

  // A grid is drawn as a strip of text, as a table of texts, or on a canvas.
  function Grid(m, figure, parent) {
    this.m = m;
    this.figure = figure;
    this.rows = labels(m.rows);
    this.cols = labels(m.cols);
    this.values = unpack(m);
    this.scale = figure.scale || most(this.values);
    this.box = make("div", "grid");
    if (m.path) { this.box.dataset.path = m.path; }
    var head = make("h3", "", m.title);
    if (!figure.scale) { head.appendChild(make("i", "", "max |·| " + number(this.scale))); }
    this.box.appendChild(head);
    parent.appendChild(this.box);
    this.text = m.text || (isTable(m, this.cols.length) ? this.values.map(function (v) { return v === null ? "" : String(+v.toPrecision(2)); }) : null);
    if (m.strip) { this.drawText(); } else if (this.text) { this.drawTable(); } else { this.drawCanvas(); }
    this.paint();
  }

  // A few values of layers and heads are shown as numbers.
  function isTable(m, cols) { return !m.bytes && cols <= 24 && ["token", "source", "unit"].indexOf(m.cols.kind) < 0 && m.rows.kind !== "token"; }

  Grid.prototype.path = function (i, j) {
    if (this.m.path) { return this.m.path; }
    if (this.m.rows.kind !== "layer") { return ""; }
    if (this.cols[j] === "mlp") { return this.rows[i].replace(/att$/, "mlp"); }
    return this.m.cols.kind === "head" && /^\d+$/.test(this.cols[j]) ? this.rows[i] + "/head" + this.cols[j] : this.rows[i];
  };

  // What a cell is about: positions of text and source, and a path.
  Grid.prototype.about = function (i, j) {
    var a = { token: [], source: [], path: this.path(i, j) }, m = this.m;
    if (a[m.rows.kind]) { a[m.rows.kind].push(indexOf(m.rows, i)); }
    if (a[m.cols.kind]) { a[m.cols.kind].push(indexOf(m.cols, j)); }
    a.text = [this.m.title === this.rows[i] ? "" : m.title, visible(this.rows[i]), visible(this.cols[j])].filter(Boolean).join(" · ") + ": " + number(this.values[i * this.cols.length + j]);
    if (m.text) { a.text += "  " + visible(m.text[i * this.cols.length + j]); }
    if (m.notes && m.notes[i * this.cols.length + j]) { a.text += "  (" + visible(m.notes[i * this.cols.length + j]) + ")"; }
    return a;
  };

  Grid.prototype.drawText = function () {
    var p = make("p", "excerpt"), g = this;
    this.box.classList.add("text");
    this.spans = this.cols.map(function (c, j) {
      var s = make("span", "t", c.replace(/\n/g, "↵\n"));
      s.addEventListener("mouseenter", function () { mark(g.about(0, j)); });
      s.addEventListener("mouseleave", release);
      p.appendChild(s);
      return s;
    });
    this.box.appendChild(p);
  };

  Grid.prototype.drawTable = function () {
    var pane = make("div", "pane"), table = make("table", "cells"), head = make("tr"), g = this, thead = make("thead"), body = make("tbody");
    head.appendChild(make("th"));
    this.heads = this.cols.map(function (c) { return head.appendChild(make("th", "", visible(c))); });
    thead.appendChild(head);
    this.cells = [];
    this.names = this.rows.map(function (r, i) {
      var tr = make("tr"), th = tr.appendChild(make("th", "", visible(r)));
      g.cols.forEach(function (c, j) {
        var td = tr.appendChild(make("td", "", visible(g.text[i * g.cols.length + j])));
        td.addEventListener("mouseenter", function () { mark(g.about(i, j)); });
        td.addEventListener("mouseleave", release);
        td.addEventListener("click", function () { hold(g.about(i, j)); });
        g.cells.push(td);
      });
      body.appendChild(tr);
      return th;
    });
    table.append(thead, body);
    pane.appendChild(table);
    this.box.appendChild(pane);
  };

  // A figure of many grids shows them small; a click on the title of one makes it large.
  Grid.prototype.layout = function () {
    var cols = this.cols.length, rows = this.rows.length, many = this.figure.grids.length > 4 && rows > 1, c = this.canvas.getContext("2d");
    var room = Math.floor((Math.min(innerWidth - 40, 1150) - 60) / cols);
    this.size = this.large ? 15 : many ? Math.max(2, Math.min(8, Math.floor(260 / cols))) : rows === 1 ? 15 : Math.max(4, Math.min(15, room));
    c.font = this.font = '11px "Liberation Mono", Consolas, Menlo, "Noto Sans CJK SC", monospace';
    var width = function (s) { return c.measureText(visible(s)).width; }, labelled = this.size >= 11;
    this.left = labelled && rows > 1 ? Math.ceil(Math.max.apply(null, this.rows.map(width))) + 6 : 0;
    this.widest = Math.ceil(Math.max.apply(null, this.cols.map(width)));
    this.turned = this.widest > this.size;
    this.top = labelled ? (this.turned ? this.widest + 6 : 16) : 0;
    this.canvas.style.width = this.left + cols * this.size + 1 + "px";
    this.canvas.style.height = this.top + rows * this.size + 1 + "px";
  };

  Grid.prototype.drawCanvas = function () {
    var pane = make("div", "pane"), canvas = make("canvas"), g = this, title = this.box.querySelector("h3");
    this.canvas = canvas;
    this.layout();
    if (this.size < 15) {
      title.className = "zoom";
      title.addEventListener("click", function () {
        g.large = !g.large;
        g.layout();
        g.paint();
        g.mark(JSON.parse(marked || "null") || nothing);
      });
    }
    title.addEventListener("mouseenter", function () { if (g.m.path) { mark({ token: [], source: [], path: g.m.path, text: g.m.title }); } });
    title.addEventListener("mouseleave", release);
    canvas.addEventListener("mousemove", function (event) {
      var at = g.cellAt(event);
      if (at) { mark(g.about(at[0], at[1])); } else { release(); }
    });
    canvas.addEventListener("mouseleave", release);
    canvas.addEventListener("click", function (event) {
      var at = g.cellAt(event);
      if (at) { hold(g.about(at[0], at[1])); }
    });
    pane.appendChild(canvas);
    this.pane = pane;
    this.box.appendChild(pane);
    this.markers = [];
  };

  Grid.prototype.cellAt = function (event) {
    var box = this.canvas.getBoundingClientRect();
    var j = Math.floor((event.clientX - box.left - this.left) / this.size), i = Math.floor((event.clientY - box.top - this.top) / this.size);
    i = Math.max(i, 0); // a label stands for its first row
    j = Math.max(j, 0);
    return i < this.rows.length && j < this.cols.length ? [i, j] : null;
  };

  Grid.prototype.paint = function () {
    var g = this, cols = this.cols.length;
    if (this.spans) {
      this.spans.forEach(function (s, j) { tint(s, g.values[j], g.scale); });
      return;
    }
    if (this.cells) {
      this.cells.forEach(function (td, k) { tint(td, g.values[k], g.scale); });
      return;
    }
    var ratio = Math.max(1, window.devicePixelRatio || 1), c = this.canvas.getContext("2d"), style = getComputedStyle(root);
    this.canvas.width = parseInt(this.canvas.style.width, 10) * ratio;
    this.canvas.height = parseInt(this.canvas.style.height, 10) * ratio;
    c.scale(ratio, ratio);
    c.font = this.font;
    this.values.forEach(function (v, k) {
      c.fillStyle = colour(v, g.scale);
      c.fillRect(g.left + k % cols * g.size, g.top + Math.floor(k / cols) * g.size, g.size, g.size);
    });
    c.strokeStyle = style.getPropertyValue("--line");
    c.strokeRect(this.left + 0.5, this.top + 0.5, cols * this.size, this.rows.length * this.size);
    if (this.size < 11) { return; }
    c.fillStyle = style.getPropertyValue("--faint");
    c.textAlign = "right";
    if (this.left > 0) { this.rows.forEach(function (r, i) { c.fillText(visible(r), g.left - 4, g.top + (i + 0.75) * g.size); }); }
    this.cols.forEach(function (label, j) {
      c.save();
      c.translate(g.left + (j + 0.5) * g.size, g.top - 4);
      if (g.turned) { c.rotate(-Math.PI / 2); c.translate(0, 4); }
      c.textAlign = g.turned ? "left" : "center";
      c.fillText(visible(label), 0, 0);
      c.restore();
    });
  };

  function tint(e, v, scale) {
    e.style.background = colour(v, scale);
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    e.style.color = v !== null && Math.abs(v) / scale > 0.55 ? (dark ? "#111" : "#fff") : "";
  }

  Grid.prototype.mark = function (a) {
    var g = this, m = this.m;
    this.box.classList.toggle("on", !!m.path && !!a.path && (m.path === a.path || m.path.indexOf(a.path + "/") === 0 || a.path.indexOf(m.path + "/") === 0));
    var rows = [], cols = [], cells = [];
    [[m.rows, rows], [m.cols, cols]].forEach(function (x) {
      if (x[0].kind !== "token" && x[0].kind !== "source") { return; }
      a[x[0].kind].forEach(function (i) { placesOf(x[0], i).forEach(function (p) { x[1].push(p); }); });
    });
    if (a.path && !m.path && m.rows.kind === "layer") {
      this.rows.forEach(function (r, i) {
        if (a.path !== r && a.path.indexOf(r + "/") !== 0 && r.indexOf(a.path + "/") !== 0) { return; }
        var head = m.cols.kind === "head" && a.path.indexOf(r + "/head") === 0 ? g.cols.indexOf(a.path.slice(r.length + 5)) : -1;
        if (head >= 0) { cells.push([i, head]); } else { rows.push(i); }
      });
    }
    if (this.heads) {
      this.heads.forEach(function (th, j) { th.classList.toggle("on", cols.indexOf(j) >= 0); });
      this.names.forEach(function (th, i) { th.classList.toggle("on", rows.indexOf(i) >= 0); });
      this.cells.forEach(function (td, k) {
        var i = Math.floor(k / g.cols.length), j = k % g.cols.length;
        td.classList.toggle("on", cells.some(function (x) { return x[0] === i && x[1] === j; }) || rows.indexOf(i) >= 0 && cols.indexOf(j) >= 0);
      });
      return;
    }
    if (!this.canvas) { return; }
    this.markers.forEach(function (e) { e.remove(); });
    this.markers = [];
    rows.forEach(function (i) { g.outline("row", i, 0, 1, g.cols.length); });
    cols.forEach(function (j) { g.outline("col", 0, j, g.rows.length, 1); });
    cells.forEach(function (x) { g.outline("row", x[0], x[1], 1, 1); });
  };

  Grid.prototype.outline = function (className, i, j, h, w) {
    var e = make("div", className), s = this.size;
    e.style.cssText = "left:" + (this.left + j * s) + "px;top:" + (this.top + i * s) + "px;width:" + w * s + "px;height:" + h * s + "px";
    this.pane.appendChild(e);
    this.markers.push(e);
  };

  // Marking: a is what the pointer is at, see Grid.about.
  var nothing = { token: [], source: [], path: "", text: "" }, marked = "";
  function apply(a) {
    var key = JSON.stringify(a);
    if (key === marked) { return; }
    marked = key;
    Object.keys(strips).forEach(function (side) {
      strips[side].forEach(function (s, i) { s.classList.toggle("on", a[side].indexOf(i) >= 0); });
    });
    grids.forEach(function (g) { g.mark(a); });
    now.textContent = a.text;
    colourStrips(a);
  }
  function mark(a) { apply(a); }
  function release() { apply(held || nothing); }
  function hold(a) { held = held && JSON.stringify(held) === JSON.stringify(a) ? null : a; apply(held || nothing); }

  // The text is coloured by the probability of each token, or by what the prediction of the marked one rests on.
  var saliency = data.figures.find(function (f) { return f.name === "gradient"; }), probability = data.figures.find(function (f) { return f.name === "predictions"; });
  function colourStrips(a) {
    var from = a.token.length === 1 && saliency;
    Object.keys(strips).forEach(function (side) {
      var values = null, scale = 1;
      if (from) {
        grids.forEach(function (g) {
          if (g.figure !== saliency || g.m.cols.kind !== side || g.m.rows.kind !== "token") { return; }
          placesOf(g.m.rows, a.token[0]).slice(0, 1).forEach(function (i) {
            values = g.values.slice(i * g.cols.length, (i + 1) * g.cols.length);
            scale = most(values);
          });
        });
      }
      strips[side].forEach(function (s, i) { tint(s, values ? values[i] : null, scale); });
      if (!values && side === "token" && probability) { colourByProbability(); }
    });
  }
  function colourByProbability() {
    grids.forEach(function (g) {
      if (g.figure !== probability || g.m.title !== "log p") { return; }
      g.values.forEach(function (v, j) {
        var s = strips.token[indexOf(g.m.cols, j)];
        if (s && v !== null) { tint(s, -Math.min(1, -v / 12), 1.6); }
      });
    });
  }

  Object.keys(strips).forEach(function (side) {
    strips[side].forEach(function (s, i) {
      function about() {
        var a = { token: [], source: [], path: "", text: i + " · " + visible(s.dataset.label) };
        a[side] = [i];
        grids.forEach(function (g) {
          if (side !== "token" || g.figure !== probability || !g.figure) { return; }
          placesOf(g.m.cols, i).forEach(function (j) {
            a.text += "  " + g.m.title + " " + number(g.values[j]);
            if (g.m.notes && g.m.notes[j]) { a.text += " (" + visible(g.m.notes[j]) + ")"; }
          });
        });
        return a;
      }
      s.dataset.label = s.textContent;
      s.textContent = s.textContent.replace(/\n/g, "↵\n").replace(/\t/g, "⇥");
      s.addEventListener("mouseenter", function () { mark(about()); });
      s.addEventListener("mouseleave", release);
      s.addEventListener("click", function () { hold(about()); });
    });
  });
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { held = null; release(); } });

  function setLanguage(name) {
    root.lang = name === "en" ? "en" : "zh-CN";
    var button = document.querySelector(".language");
    button.textContent = name === "en" ? "中文" : "English";
    button.lang = name === "en" ? "zh-CN" : "en";
  }
  function setTheme(name) {
    if (name) { root.dataset.theme = name; }
    readPalette();
    grids.forEach(function (g) { g.paint(); });
    colourStrips(held || nothing);
  }
  document.querySelector(".language").addEventListener("click", function () { setLanguage(root.lang === "en" ? "zh" : "en"); });
  document.querySelector(".theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
  });

  readPalette();
  setLanguage(query.get("lang") || (navigator.language.slice(0, 2) === "zh" ? "zh" : "en"));
  data.figures.forEach(function (f) {
    var parent = document.querySelector('[data-figure="' + f.name + '"]');
    f.grids.forEach(function (m) { grids.push(new Grid(m, f, parent)); });
  });
  setTheme(query.get("theme") || "");
}());
