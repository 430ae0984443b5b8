// The state in the address: there and back, defaults, history.

import assert from "node:assert/strict";
import test from "node:test";

const { DEFAULTS, format, parse, Store } =
  await import("../../workflow_scripts/signsight/explorer/page/state.js");

test("the defaults make an empty hash, and an empty hash makes the defaults", () => {
  assert.equal(format(DEFAULTS), "#");
  assert.deepEqual(parse(""), DEFAULTS);
  assert.deepEqual(parse("#"), DEFAULTS);
});

test("every key comes back from the hash as it went in", () => {
  for (const [key, standard] of Object.entries(DEFAULTS)) {
    const kinds = { string: "a&b=c, <é>#%", number: 98, boolean: !standard, object: ["x,y", "z&"] };
    const words = { theme: "dark", judged: "wrong", sort: "metric", sign: "signed" };
    const other = words[key] ?? kinds[typeof standard];
    const state = { ...DEFAULTS, [key]: other };
    assert.deepEqual(parse(format(state)), state, key);
  }
});

test("unknown keys, broken numbers and broken escapes do no harm", () => {
  assert.deepEqual(parse("#nothing=1&clip=many&__proto__=x&toString=1"), DEFAULTS);
  assert.equal(parse("#text=%E0%A4%A").text, "%E0%A4%A");
  assert.equal(parse("#clip=Infinity").clip, DEFAULTS.clip);
});

test("values that a key cannot have are ignored", () => {
  assert.deepEqual(
    parse("#sign=strange&clip=-5&opacity=500&rows=0&x=1.5&step=-7&size=1&theme=pink"),
    DEFAULTS,
  );
});

test("only what differs is said", () => {
  assert.equal(
    format({ ...DEFAULTS, view: "image", image: "00012", methods: ["a", "b"] }),
    "#view=image&image=00012&methods=a,b",
  );
});

function browser(hash = "") {
  const entries = [hash];
  const listeners = {};
  globalThis.location = { hash };
  globalThis.addEventListener = (name, listen) => (listeners[name] = listen);
  globalThis.history = {
    pushState: (_, __, to) => (entries.push(to), (location.hash = to === "#" ? "" : to)),
    replaceState: (_, __, to) => ((entries[entries.length - 1] = to), (location.hash = to)),
  };
  return { entries, back: () => (entries.pop(), (location.hash = entries.at(-1)), listeners.popstate()) };
}

test("each change is an entry of the history; the steps of one slider are one", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { entries, back } = browser();
  const seen = [];
  const store = new Store((state) => seen.push(state));
  store.set({ view: "image" });
  for (const clip of [99, 98, 97]) store.set({ clip }, "clip");
  t.mock.timers.tick(1000);
  assert.deepEqual(entries, ["", "#view=image", "#view=image&clip=97"]);
  assert.deepEqual(
    seen.map(({ clip }) => clip),
    [99.5, 99, 98, 97],
  );
  back();
  assert.equal(store.state.clip, DEFAULTS.clip);
  back();
  assert.equal(store.state.view, "overview");
});

test("a change right after a slider keeps the slider's last step in the history", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { entries } = browser();
  const store = new Store(() => {});
  store.set({ clip: 99 }, "clip");
  store.set({ clip: 90 }, "clip");
  store.set({ smooth: true });
  assert.deepEqual(entries, ["", "#clip=90", "#clip=90&smooth=true"]);
});

test("a link opens in its state", () => {
  browser("#view=compare&a=lrp");
  assert.equal(new Store(() => {}).state.a, "lrp");
});
