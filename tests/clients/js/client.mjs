// Speaks to a running server with the official JavaScript client. Argument: the address that ends in /v1. Prints "ok", or throws.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "not-needed", maxRetries: 0 });
const model = "tiny-kjv";
const messages = [{ role: "user", content: "Hello" }];

const whole = await client.chat.completions.create({ model, messages, temperature: 0.5, logprobs: true, top_logprobs: 1 });
assert.equal(whole.choices[0].message.content, "In the beginning");
assert.equal(whole.choices[0].finish_reason, "stop");
assert.equal(whole.choices[0].logprobs.content.length, 3);
assert.equal(whole.usage.completion_tokens, 3);

let text = "";
let usage = null;
const stream = await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, "In the beginning");
assert.equal(usage.completion_tokens, 3);

const completion = await client.completions.create({ model, prompt: "And", n: 2, echo: true });
assert.deepEqual(completion.choices.map((choice) => choice.text), ["AndIn the beginning", "AndIn the beginning"]);

const embedding = await client.embeddings.create({ model, input: ["a", "b"] });
assert.equal(embedding.data.length, 2);
assert.ok(Math.abs(embedding.data[1].embedding[1] - 0.8) < 1e-6);

const names = [];
for await (const one of client.models.list()) names.push(one.id);
assert.deepEqual(names, [model]);

const tools = [{ type: "function", function: { name: "say", parameters: { type: "object", properties: {}, additionalProperties: false } } }];
const free = await client.chat.completions.create({ model, messages, tools });
assert.equal(free.choices[0].message.content, "In the beginning");

await assert.rejects(client.chat.completions.create({ model: "gpt-4", messages }), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");
await assert.rejects(client.chat.completions.create({ model, messages, store: true }), (error) => error instanceof OpenAI.BadRequestError && error.param === "store");
console.log("ok");
