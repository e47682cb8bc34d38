// The thread that generates: it fetches the model, puts its files in memory, and starts the program, which
// then answers the messages of local.js itself. All paths are relative to this file.
"use strict";
importScripts("memory.js", "wasm_exec.js");

async function fetchBytes(path, received) {
  const response = await fetch(path);
  if (!response.ok) { throw new Error(`${path}: the server answers ${response.status} ${response.statusText}`); }
  const parts = [], reader = response.body.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) { break; }
    parts.push(value);
    size += value.length;
    received(value.length);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) { bytes.set(part, at); at += part.length; }
  return bytes;
}

async function start() {
  const text = await fetchBytes("model/model.json", () => {});
  const files = JSON.parse(new TextDecoder().decode(text)).files;
  const program = JSON.parse(new TextDecoder().decode(await fetchBytes("program.json", () => {})));
  const total = files.reduce((sum, f) => sum + f.bytes, program.bytes);
  let done = 0;
  const received = (n) => { done += n; postMessage(JSON.stringify({ type: "loading", done, total })); };
  const [wasm, ...contents] = await Promise.all([fetchBytes(program.name, received), ...files.map((f) => fetchBytes("model/" + f.name, received))]);
  memoryFiles.set("/model/model.json", text);
  files.forEach((f, i) => memoryFiles.set("/model/" + f.name, contents[i]));
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(wasm, go.importObject);
  const ended = go.run(instance);
  await ended; // only if the model cannot be opened, which the program has told
}

start().catch((err) => postMessage(JSON.stringify({ type: "error", error: String(err.message || err) })));
