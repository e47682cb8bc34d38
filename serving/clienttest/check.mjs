// Compares the responses and streams of a server with the shapes of OpenAI's API, field by field, through
// OpenAI's own client (npm openai).
//
//	node check.mjs URL KEY MODEL DIALOGUE_MODEL
import assert from "node:assert/strict";
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";

const [url, key, model, dialogues] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "/v1", apiKey: key, maxRetries: 0 });

// The fields of https://platform.openai.com/docs/api-reference. A field that begins with + is one that this
// server adds. A list has the shapes that are possible.
const usage = { prompt_tokens: "number", completion_tokens: "number", total_tokens: "number", prompt_tokens_details: { cached_tokens: "number" } };
const head = (object) => ({ id: "string", object: `=${object}`, created: "number", model: "string", system_fingerprint: "string", "+seed": "number" });
const logprobs = {
	tokens: ["string"], token_logprobs: [["number", "null"]], top_logprobs: [["object", "null"]], text_offset: ["number"], "+token_ids": ["number"], "+top_token_ids": [["object", "null"]],
};
const token = { token: "string", logprob: "number", bytes: ["number"], "+token_id": "number" };
const chatLogprobs = { content: [{ ...token, top_logprobs: [token] }], refusal: "null" };
const finish = (chunk) => ({ finish_reason: chunk ? ["string", "null"] : "string", ...(chunk ? {} : { "+reason": "string" }) });

// check compares a value with a shape.
function check(value, shape, at) {
	if (typeof shape === "string" && shape[0] === "=") return assert.equal(value, shape.slice(1), at);
	if (typeof shape === "string") return assert.equal(value === null ? "null" : typeof value, shape, at);
	if (Array.isArray(shape) && shape.length > 1) {
		const problems = shape.map((s) => { try { check(value, s, at); } catch (e) { return e; } });
		return assert(problems.includes(undefined), `${at}: ${problems[0]}`);
	}
	if (Array.isArray(shape)) {
		assert(Array.isArray(value), `${at} is no array`);
		return value.forEach((v, i) => check(v, shape[0], `${at}[${i}]`));
	}
	assert.equal(typeof value, "object", at);
	for (const name of Object.keys(shape)) check(value[name.replace("+", "")], shape[name], `${at}.${name}`);
	for (const name of Object.keys(value)) assert(name in shape || "+" + name in shape, `${at}.${name} is not in the documentation`);
}

const done = [];
async function test(name, f) {
	await f();
	done.push(name);
}

await test("models", async () => {
	const page = await client.models.list();
	assert.deepEqual(page.data.map((m) => m.id), [model, dialogues]);
	for (const m of [...page.data, await client.models.retrieve(model)]) {
		for (const [name, kind] of Object.entries({ id: "string", object: "=model", created: "number", owned_by: "string" })) check(m[name], kind, name);
	}
});

const base = { model, prompt: "The ", max_tokens: 12, seed: 7, temperature: 0.8 };
const body = { ...head("text_completion"), usage };
await test("completions", async () => {
	const c = await client.completions.create({ ...base, n: 2, logprobs: 2 });
	check(c, { ...body, choices: [{ text: "string", index: "number", logprobs, ...finish(false) }] }, "completion");
	assert.deepEqual(c.choices.map((x) => x.index), [0, 1]);
	assert.equal(c.usage.completion_tokens, 24);
	const plain = await client.completions.create(base);
	check(plain, { ...body, choices: [{ text: "string", index: "number", logprobs: "null", ...finish(false) }] }, "completion");
	assert.equal(plain.choices[0].text, c.choices[0].text, "a seed has one text");
});

await test("streams of completions", async () => {
	const whole = await client.completions.create({ ...base, logprobs: 1 });
	let text = "", last, end = null;
	for await (const chunk of await client.completions.create({ ...base, logprobs: 1, stream: true, stream_options: { include_usage: true } })) {
		const final = chunk.choices.length === 0;
		const choice = { text: "string", index: "number", logprobs: [logprobs, "null"], ...finish(true) };
		if (chunk.choices[0]?.reason) choice["+reason"] = "string";
		check(chunk, { ...head("text_completion"), usage: final ? usage : "null", choices: [choice] }, "chunk");
		text += chunk.choices[0]?.text ?? "";
		end = chunk.choices[0]?.finish_reason ?? end;
		last = chunk;
	}
	assert.equal(text, whole.choices[0].text);
	assert.equal(end, whole.choices[0].finish_reason);
	assert.equal(last.usage.total_tokens, whole.usage.total_tokens);
	for await (const chunk of await client.completions.create({ ...base, stream: true })) assert(!("usage" in chunk));
});

const messages = [{ role: "user", content: "pp" }];
const chat = { model: dialogues, messages, max_completion_tokens: 12, min_tokens: 4, seed: 3 };
await test("chat completions", async () => {
	const c = await client.chat.completions.create({ ...chat, logprobs: true, top_logprobs: 2, n: 2 });
	const message = { role: "=assistant", content: "string", refusal: "null" };
	check(c, { ...head("chat.completion"), usage, choices: [{ index: "number", message, logprobs: chatLogprobs, ...finish(false) }] }, "chat");
	const parts = await client.chat.completions.create({ ...chat, messages: [{ role: "user", content: [{ type: "text", text: "pp" }] }] });
	assert.equal(parts.choices[0].message.content, c.choices[0].message.content);
});

await test("streams of chat completions", async () => {
	const whole = await client.chat.completions.create(chat);
	const runner = client.chat.completions.stream({ ...chat, stream_options: { include_usage: true } });
	let first = true;
	runner.on("chunk", (chunk) => {
		const delta = chunk.choices[0]?.delta ?? {};
		if (first) assert.deepEqual(delta, { role: "assistant", content: "" });
		const shape = { ...("content" in delta ? { content: "string" } : {}), ...(first ? { role: "string" } : {}) };
		const choice = { index: "number", delta: shape, logprobs: "null", ...finish(true) };
		if (chunk.choices[0]?.reason) choice["+reason"] = "string";
		check(chunk, { ...head("chat.completion.chunk"), usage: chunk.choices.length ? "null" : usage, choices: [choice] }, "chunk");
		first = false;
	});
	const final = await runner.finalChatCompletion();
	assert.equal(final.choices[0].message.content, whole.choices[0].message.content);
	assert.equal(final.choices[0].finish_reason, whole.choices[0].finish_reason);
	assert.equal(final.usage.total_tokens, whole.usage.total_tokens);
});

await test("structured outputs", async () => {
	const c = await client.completions.create({ model, prompt: "a", max_tokens: 40, json_schema: { enum: [12, 345] } });
	assert([12, 345].includes(JSON.parse(c.choices[0].text)));
});

await test("errors", async () => {
	const problem = { message: "string", type: "=invalid_request_error", param: ["string", "null"], code: ["string", "null"] };
	await assert.rejects(client.completions.create({ ...base, suffix: "x" }), (e) => {
		check(e.error, problem, "error");
		return e instanceof BadRequestError && e.param === "suffix";
	});
	await assert.rejects(client.completions.create({ ...base, model: "none" }), (e) => e instanceof NotFoundError && e.code === "model_not_found");
	await assert.rejects(client.chat.completions.create({ ...chat, model }), (e) => e instanceof BadRequestError && e.param === "model");
	const stranger = new OpenAI({ baseURL: url + "/v1", apiKey: "wrong", maxRetries: 0 });
	await assert.rejects(stranger.models.list(), (e) => e instanceof AuthenticationError && e.code === "invalid_api_key");
});

await test("a stream that the client ends", async () => {
	const stream = await client.completions.create({ ...base, max_tokens: 4000, stream: true });
	for await (const _ of stream) break;
	assert(stream.controller.signal.aborted);
});

console.log(`${done.length} parts compared: ${done.join(", ")}`);
