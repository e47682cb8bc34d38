#!/usr/bin/env python3
"""Uses the page in headless Chromium as a visitor would, and fails where it does not do what it should. The
address is that of a server or of an exported page; of a model of dialogues the chat is tried. Screenshots go to -out.

    page.py [-out DIR] [-quick] ADDRESS|DIRECTORY
"""
import argparse
import os
import sys

from chromium import Chromium, serve

# Contrast of a text with what is behind it (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio), of every element
# that shows text and can be used.
CONTRAST = """(() => {
    const parse = (c) => { const n = c.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
    const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) { return c; } } return [255, 255, 255, 1]; };
    const bad = [];
    for (const e of document.querySelectorAll("body *")) {
        const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.getClientRects().length || e.disabled || e.closest("option, .skip")) { continue; }
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x), ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) { bad.push(`${e.className || e.tagName} "${e.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`); }
    }
    return bad;
})()"""

# Controls without a name for screen readers, and repeated ids.
NAMES = """(() => {
    const bad = [];
    for (const e of document.querySelectorAll("button, input, select, textarea, meter, progress, section, aside, nav")) {
        const name = e.getAttribute("aria-label") || [...(e.labels ?? [])].map((l) => l.textContent.trim()).join("") || e.textContent.trim();
        if (!name && e.getAttribute("aria-hidden") !== "true" && e.getClientRects().length) { bad.push(e.outerHTML.slice(0, 80)); }
    }
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    return bad.concat(ids.filter((id, i) => ids.indexOf(id) !== i));
})()"""

WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
TEXT = "[...document.querySelectorAll('.pane:first-child .assistant:last-child .t')].map((t) => t.textContent).join('')"
TOKENS = "document.querySelectorAll('.pane:first-child .assistant:last-child .t').length"
STATUS = "document.querySelector('.status').textContent"
IDLE = "document.getElementById('stop').disabled"


class Check:
    def __init__(self, browser, address, out):
        self.browser, self.address, self.out = browser, address, out

    def equal(self, what, got, want):
        if got != want:
            self.browser.screenshot(os.path.join(self.out, "failure.png"))
            sys.exit("%s: %r, want %r; see %s/failure.png" % (what, got, want, self.out))

    def true(self, what, got):
        self.equal(what, bool(got), True)

    def open(self, query=""):
        self.browser.open(self.address + query)
        self.browser.wait("document.getElementById('ask') && (!document.getElementById('ask').hidden || !document.getElementById('failure').hidden)")
        self.equal("failure", self.browser.run("document.getElementById('failure').textContent"), "")

    def set(self, **values):
        for name, value in values.items():
            self.browser.run("(() => { const e = document.getElementById(%r); e.value = %r; e.dispatchEvent(new Event('input')); })()" % (name, str(value)))

    def click(self, selector):
        self.browser.run("document.querySelector(%r).click()" % selector)

    def generate(self, prompt):
        self.set(input=prompt)
        self.click("#generate")
        self.browser.wait(IDLE)

    def look(self, name):
        """Checks what can be checked of what is shown, and takes a picture."""
        self.browser.screenshot(os.path.join(self.out, name + ".png"))
        self.equal(name + ": text of low contrast", self.browser.run(CONTRAST), [])
        self.equal(name + ": controls without a name", self.browser.run(NAMES), [])
        self.equal(name + ": wider than the window", self.browser.run(WIDE), False)


def generating(c):
    """Generates, the same seed again, another, and stops."""
    b = c.browser
    c.set(max_tokens=60)
    c.generate("Once upon a time")
    c.equal("tokens", b.run(TOKENS), 60)
    first = b.run(TEXT)
    c.true("shades", b.run("new Set([...document.querySelectorAll('.t')].map((t) => t.className)).size") > 2)
    c.true("status: " + b.run(STATUS), "60 tokens" in b.run(STATUS))
    c.generate("Once upon a time")
    c.equal("the same seed", b.run(TEXT), first)
    b.key("Enter", 2 | 8)
    b.wait(IDLE)
    c.equal("seed", b.run("document.querySelector('.seed').value"), "2")
    c.true("another text", b.run(TEXT) != first)
    c.look("wide")
    c.set(max_tokens=1000)
    c.click("#generate")
    b.wait(TOKENS + " > 4")
    b.key("Escape")
    b.wait(IDLE)
    c.true("stopped early", b.run(TOKENS) < 1000)
    c.true("status: " + b.run(STATUS), "stopped" in b.run(STATUS))
    c.set(max_tokens=60, stops="the")
    c.generate("Once upon a time")
    c.equal("text with a stop text", "the" in b.run(TEXT), False)
    c.set(stops="")


def branching(c):
    """Chooses an alternative by keyboard, and takes it back."""
    b = c.browser
    c.set(max_tokens=30, temperature=0)
    c.generate("Once upon a time")
    greedy = b.run(TEXT)
    b.run("document.querySelector('.t').focus()")
    for _ in range(4):
        b.key("ArrowRight")
    before = b.run("[...document.querySelectorAll('.t')].slice(0, 4).map((t) => t.textContent).join('')")
    b.key("Enter")
    c.equal("alternatives", b.run("document.querySelectorAll('.alternatives button').length"), 8)
    c.equal("the chosen one", b.run("document.querySelector('.alternatives button').getAttribute('aria-current')"), "true")
    c.look("alternatives")
    b.key("Escape")
    c.equal("focus after Escape", b.run("document.activeElement.className.includes('t ')"), True)
    b.key("Enter")
    b.key("ArrowDown")
    b.key("Enter")
    b.wait(IDLE)
    text = b.run(TEXT)
    c.true("the beginning stays: %r" % text, text.startswith(before) and text != greedy)
    c.equal("the chosen token", b.run("document.querySelectorAll('.t.chosen').length"), 1)
    c.click(".back")
    c.equal("text without the branch", b.run(TEXT), greedy)
    b.run("document.querySelectorAll('.t')[2].click()")  # the same token: the same text
    b.run("document.querySelector('.alternatives button[aria-current]').click()")
    b.wait(IDLE)
    c.equal("branch into the same token", b.run(TEXT)[:len(greedy)], greedy)
    c.set(temperature=0.8)


def comparing(c):
    """Generates in two panes."""
    b = c.browser
    c.set(max_tokens=60)
    c.click("#compare")
    c.equal("panes", b.run("document.querySelectorAll('.pane').length"), 2)
    c.generate("Once upon a time")
    c.equal("texts", b.run("new Set([...document.querySelectorAll('.assistant .text')].map((t) => t.textContent)).size"), 2)
    c.look("two")


def chatting(c):
    """Talks with a model of dialogues, branches from its first reply, and begins anew."""
    b = c.browser
    c.set(max_tokens=12)
    c.generate("你好")
    c.set(input="你喜欢看电影吗？")
    b.run("document.getElementById('input').focus()")
    b.key("Enter")
    b.wait("document.querySelectorAll('.turn').length === 4 && " + IDLE)
    c.equal("the message is sent", b.run("document.getElementById('input').value"), "")
    c.equal("the message", b.run("document.querySelectorAll('.user .text')[1].textContent"), "你喜欢看电影吗？")
    c.true("status: " + b.run(STATUS), "seed" in b.run(STATUS).lower() and not b.run("document.querySelector('.failed')"))
    c.look("chat")
    before = b.run("[...document.querySelectorAll('.assistant .t')].slice(0, 2).map((t) => t.textContent).join('')")
    b.run("document.querySelectorAll('.assistant .t')[2].click()")
    b.run("document.querySelector('.alternatives button:not([aria-current])').click()")
    b.wait(IDLE)
    c.equal("turns after the branch", b.run("document.querySelectorAll('.turn').length"), 2)
    c.true("the beginning stays", b.run(TEXT).startswith(before))
    c.true("status: " + b.run(STATUS), not b.run("document.querySelector('.failed')"))
    c.click("#clear")
    c.equal("turns of a new chat", b.run("document.querySelectorAll('.turn').length"), 0)


def shapes(c):
    """Looks at the page on a phone, dark, and in Chinese."""
    b = c.browser
    for name, query, size in [("phone", "?lang=en&theme=light", (390, 844, True)), ("dark", "?lang=en&theme=dark", (1200, 900)),
                              ("chinese", "?lang=zh&theme=light", (1200, 900)), ("phone-dark-chinese", "?lang=zh&theme=dark", (390, 844, True))]:
        b.size(*size)
        c.open(query)
        c.set(max_tokens=60)
        c.generate("Once upon a time")
        c.look(name)
    c.equal("language", b.run("document.documentElement.lang"), "zh-CN")
    c.equal("untranslated", b.run("[...document.querySelectorAll('[data-say]')].filter((e) => !e.closest('template') && e.textContent === e.dataset.say).map((e) => e.dataset.say)"), [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-out", default=".build/page")
    parser.add_argument("-quick", action="store_true", help="leave out the looks on a phone, dark and in Chinese")
    parser.add_argument("page")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    address = args.page if args.page.startswith("http") else serve(os.path.dirname(os.path.abspath(args.page))) + "/" + os.path.basename(os.path.abspath(args.page)) + "/"
    with Chromium() as browser:
        browser.size(1200, 900)
        c = Check(browser, address, args.out)
        c.open("?lang=en&theme=light")
        chats = browser.run("document.body.classList.contains('chats')")
        steps = [chatting] if chats else [generating, branching, comparing, shapes]
        for step in steps[:3] if args.quick else steps:
            step(c)
            print("page.py: %s: right" % step.__name__, flush=True)
        if browser.messages:
            sys.exit("the browser reports: " + "; ".join(browser.messages))


main()
