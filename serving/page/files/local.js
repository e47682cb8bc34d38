// The backend of an exported page: a worker thread of this browser generates. http.js is the other one; both
// export the same:
//
//   models(progress)                          → Promise of [{ id, task, context, speakers?, most?, fixed? }]; fixed: texts do not continue after given tokens
//   generate(request, onToken, signal)        → Promise of { text, reason, seconds }
//   setKey(text)                              sets the key of later requests; an error with needsKey asks for it
//
// request: { model, prompt | messages, after: [tokens], max_tokens, temperature, …, seed, top }
// token:   { id, text, logprob, top: [{ id, text, logprob }] }
export function setKey() {}

const calls = new Map(); // number → { onToken, resolve, reject }
let worker = null, last = 0;

export function models(progress) {
  return new Promise((resolve, reject) => {
    if (location.protocol === "file:") {
      reject(new Error("browsers start no worker from a file: open this directory through a web server, as with: python3 -m http.server"));
      return;
    }
    worker = new Worker("worker.js");
    worker.onerror = (event) => reject(new Error(event.message || "the worker could not start"));
    worker.onmessage = ({ data }) => {
      const m = JSON.parse(data);
      switch (m.type) {
        case "loading": progress(m.done, m.total); break;
        case "ready": resolve([m.model]); break;
        case "token": calls.get(m.call)?.onToken(m.token); break;
        case "done": calls.get(m.call)?.resolve({ text: m.text, reason: m.reason, seconds: m.seconds }); break;
        case "error": (calls.get(m.call)?.reject ?? reject)(new Error(m.error)); break;
      }
    };
  });
}

export function generate(request, onToken, signal) {
  const call = ++last;
  const { after, ...rest } = request;
  const stop = () => worker.postMessage(JSON.stringify({ type: "stop", call }));
  signal.addEventListener("abort", stop);
  return new Promise((resolve, reject) => {
    calls.set(call, { onToken, resolve, reject });
    worker.postMessage(JSON.stringify({ type: "generate", call, request: { ...rest, after: after.map((t) => t.id) } }));
  }).finally(() => { calls.delete(call); signal.removeEventListener("abort", stop); });
}
