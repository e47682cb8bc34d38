#!/usr/bin/env python3
"""Opens exported pages in headless Chromium, in a directory below the server's root as on GitHub pages,
generates by the page's own controls, and prints sizes and speed. With -golden the greedy text must be that of
the file.

    golden.py [-golden FILE] [-tokens N] PAGE …
"""
import argparse
import gzip
import json
import os
import sys

from chromium import Chromium, serve


def sizes(page):
    """Returns the size of a page's files in bytes, as they are and compressed one by one."""
    raw = small = 0
    for place, _, names in os.walk(page):
        for name in names:
            with open(os.path.join(place, name), "rb") as f:
                text = f.read()
            raw, small = raw + len(text), small + len(gzip.compress(text, 9))
    return raw, small


def generate(browser, address, tokens):
    """Returns what the page generates greedily after the empty prompt, and its line of status."""
    browser.open(address)
    browser.wait("document.getElementById('ask') && !document.getElementById('ask').hidden || !document.getElementById('failure').hidden")
    if failure := browser.run("document.getElementById('failure').textContent"):
        sys.exit("%s: the page says: %s" % (address, failure))
    browser.run("""(() => {
        for (const [id, value] of [["max_tokens", %d], ["temperature", 0], ["top_p", 1]]) { document.getElementById(id).value = value; }
        document.getElementById("generate").click();
    })()""" % tokens)
    browser.wait("document.getElementById('stop').disabled")
    return browser.run("[...document.querySelectorAll('.assistant .t')].map((t) => t.textContent).join('')"), browser.run("document.querySelector('.status').textContent")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-golden")
    parser.add_argument("-tokens", type=int, default=256)
    parser.add_argument("pages", nargs="+")
    args = parser.parse_args()
    golden = None
    if args.golden:
        with open(args.golden, encoding="utf-8") as f:
            golden = f.read().removesuffix("\n")
    for page in args.pages:
        page = os.path.abspath(page)
        address = serve(os.path.dirname(page)) + "/" + os.path.basename(page) + "/"
        with Chromium() as browser:
            text, status = generate(browser, address, args.tokens)
            generate(browser, address, args.tokens)  # the second is not the first start of the program
            status = browser.run("document.querySelector('.status').textContent")
            if browser.messages:
                sys.exit("%s: the browser reports: %s" % (page, "; ".join(browser.messages)))
        with open(os.path.join(page, "model", "model.json"), encoding="utf-8") as f:
            description = json.load(f)
        raw, small = sizes(page)
        wasm = os.path.getsize(os.path.join(page, "generate.wasm"))
        weights = os.path.getsize(os.path.join(page, "model", "weights.safetensors"))
        print("%s: %.2f MB, %.2f MB with gzip (program %.2f MB, weights %.2f MB); %s" % (os.path.basename(page), raw / 1e6, small / 1e6, wasm / 1e6, weights / 1e6, status))
        if golden is not None:
            same = len(os.path.commonprefix([text, golden]))
            if text != golden and description["weights"] == "float32":
                sys.exit("%s: after %d characters the text is %r, want %r" % (page, same, text[same:same + 60], golden[same:same + 60]))
            print("%s: %d of %d characters as the golden text" % (os.path.basename(page), same, len(golden)))


main()
