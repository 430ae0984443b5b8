// For pytest: calls exported functions with JSON from standard input, and prints their results as JSON.
//
// In: [{module, name, args}]; {"$bytes": [...], "as": "Int8Array"} stands for a typed array.

const PAGE = "../../workflow_scripts/signsight/explorer/page/";
const revive = (_, value) => (value?.$bytes ? globalThis[value.as].from(value.$bytes) : value);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const calls = JSON.parse(Buffer.concat(chunks).toString(), revive);
const out = [];
for (const { module, name, args } of calls) {
  const exported = await import(`${PAGE}${module}.js`);
  out.push(await exported[name](...args));
}
console.log(JSON.stringify(out, plain));
