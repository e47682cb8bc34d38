// The backend of the server's page: it asks the server that the page is from, by the API that all clients use.
// local.js says what a backend exports.
let key = null;
try { key = sessionStorage.getItem("euryale-key"); } catch { /* without storage it is asked again */ }

// setKey sets the key of later requests.
export function setKey(text) {
  key = text.trim();
  try { sessionStorage.setItem("euryale-key", key); } catch { /* the page keeps it */ }
}

async function call(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  if (key) { headers.Authorization = "Bearer " + key; }
  const response = await fetch(path, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), signal });
  if (response.ok) { return response; }
  const text = await response.text();
  let message = `${path}: ${response.status} ${text.slice(0, 200)}`;
  try { message = JSON.parse(text).error.message; } catch { /* no JSON: an intermediary answered */ }
  throw Object.assign(new Error(message), { needsKey: response.status === 401 });
}

export async function models() {
  const { data } = await (await call("v1/models")).json();
  return data.map((m) => ({ id: m.id, context: m.context_length, speakers: m.speakers, most: m.max_tokens,
    task: m.chat ? "dialogue" : m.has_source ? "source" : "text", fixed: m.has_source }));
}

export async function generate(request, onToken, signal) {
  const began = performance.now();
  const { prompt, messages, after, top, stop, ...settings } = request;
  const common = { ...settings, stop, stream: true };
  let path = "v1/completions", body;
  if (messages && after.length === 0) {
    path = "v1/chat/completions";
    body = { ...common, messages, logprobs: true, top_logprobs: top };
  } else if (after.length === 0) {
    body = { ...common, prompt, logprobs: top };
  } else { // the text so far, as tokens
    const given = await (await call("tokenize", { model: request.model, ...(messages ? { messages } : { prompt }) }, signal)).json();
    body = { ...common, prompt: [...given.tokens, ...after.map((t) => t.id)], logprobs: top };
  }
  const read = newReader(after);
  let text = "", reason = "interrupted";
  try {
    const response = await call(path, body, signal);
    for await (const event of events(response.body)) {
      if (event.error) { throw new Error(event.error.message); }
      for (const choice of event.choices) {
        const added = choice.text ?? choice.delta?.content ?? "";
        text += added;
        for (const t of tokensOf(choice.logprobs)) { onToken(read(t, added)); }
        reason = choice.reason || choice.finish_reason || reason;
      }
    }
  } catch (err) {
    if (!signal.aborted) { throw err; }
  }
  return { text, reason, seconds: (performance.now() - began) / 1000 };
}

// tokensOf returns tokens in the form of this page, from either API's.
function tokensOf(logprobs) {
  if (!logprobs) { return []; }
  if (logprobs.content) {
    return logprobs.content.map((t) => ({ id: t.token_id, piece: t.token, logprob: t.logprob,
      top: t.top_logprobs.map((a) => ({ id: a.token_id, piece: a.token, logprob: a.logprob })) }));
  }
  return logprobs.tokens.map((piece, i) => ({ id: logprobs.token_ids[i], piece, logprob: logprobs.token_logprobs[i],
    top: Object.entries(logprobs.top_logprobs?.[i] ?? {}).map(([a, logprob]) => ({ id: logprobs.top_token_ids[i][a], piece: a, logprob }))
      .sort((a, b) => b.logprob - a.logprob) }));
}

// newReader returns a function that gives tokens the text that they add: a character of several tokens is
// that of the last.
function newReader(after) {
  const decoder = new TextDecoder();
  let started = after.length > 0;
  return ({ piece, top, ...t }, added) => {
    let text = decoder.decode(bytesOf(piece), { stream: true });
    if (!started && added !== "" && added === text.slice(1)) { text = added; } // the space that begins a text
    started = true;
    return { ...t, text, top: top.map((a) => ({ id: a.id, logprob: a.logprob, text: a.piece.startsWith("bytes:") ? "" : a.piece })) };
  };
}

// bytesOf returns the bytes of a token; those that are no whole characters come as "bytes:\xe4\xb8".
function bytesOf(piece) {
  const bytes = /^bytes:((\\x[0-9a-f]{2})+)$/.exec(piece);
  return bytes ? Uint8Array.from(bytes[1].slice(2).split("\\x"), (b) => parseInt(b, 16)) : new TextEncoder().encode(piece);
}

// events yields the events of a stream, whose last is [DONE].
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) { return; }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") { yield JSON.parse(line.slice(6)); }
    }
  }
}
