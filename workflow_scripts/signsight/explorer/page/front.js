// The first page: the verdict in sentences, what was left out, and the wall of images.

import { h, onChange } from "#dom";
import { wall } from "#wall";

const LEVELS = {
  good: ["✓", "good"],
  caution: ["!", "take care"],
  bad: ["✗", "bad"],
  unknown: ["?", "not known"],
};

/** The view: {element, update(scene)}. */
export function front(app) {
  const head = h("div", {});
  const images = wall(app);
  const build = onChange(() => head.replaceChildren(...verdict(app.document)));
  return {
    element: h("div", { class: "front" }, head, images.element),
    update(scene) {
      build("");
      return images.update(scene);
    },
    focusImage: images.focus,
  };
}

function verdict({ verdict: sentences = [], left_out: leftOut = [], links = {} }) {
  const topics = [...new Set(sentences.map(({ topic }) => topic))];
  const list = topics.map((topic) =>
    h("li", {}, h("h3", {}, topic), ...sentences.filter((one) => one.topic === topic).map(finding)),
  );
  const pages = { report: "Report with all figures", summary: "Key numbers" };
  const paths = Object.entries(links).filter(([, href]) => /^[^:]+$/.test(href ?? ""));
  return [
    list.length ? h("h2", {}, "What this run found") : null,
    list.length ? h("ul", { class: "verdict", "data-testid": "verdict" }, ...list) : null,
    paths.length
      ? h(
          "p",
          { class: "fine" },
          "Beside this page: ",
          ...paths.flatMap(([name, href], i) => [i ? ", " : "", h("a", { href }, pages[name] ?? name)]),
          ".",
        )
      : null,
    leftOut.length
      ? h("p", { class: "left-out", "data-testid": "left-out" }, "Left out here: ", leftOut.join(" "))
      : null,
  ].filter(Boolean);
}

function finding({ level, text }) {
  const [mark, word] = LEVELS[level] ?? LEVELS.unknown;
  const kind = LEVELS[level] ? level : "unknown";
  return h(
    "p",
    { class: `finding finding-${kind}` },
    h("span", { class: "mark", role: "img", "aria-label": word }, mark),
    h("span", {}, text),
  );
}
