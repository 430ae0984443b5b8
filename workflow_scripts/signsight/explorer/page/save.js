// The row of buttons that saves one map: which map, PNG, SVG, values.

import { button } from "#controls";
import { h, onChange, say } from "#dom";
import { copyText, csv, download, drawing, png, svgText } from "#saving";

/** {element, update(panels)}; `panels` are those that are on the page. */
export function saveRow(app) {
  const field = h("select", { id: "control-save", "data-testid": "control-save" });
  const status = h("span", { class: "fine", role: "status", "data-testid": "save-status" });
  let panels = [];
  const chosen = () => panels.find(({ method }) => method.id === field.value);
  const title = ({ set, row, experiment }) => `${experiment.name}, image ${set.ids[row]}`;
  const name = ({ method }, ending) =>
    `${app.scene.set.ids[app.scene.row]}-${method.id}.${ending}`.replace(/[^\w.-]+/g, "_");
  const draw = () => drawing(chosen(), app.scene.state, title(app.scene));
  const element = h(
    "div",
    { class: "controls save" },
    h("div", { class: "control" }, h("label", { for: field.id }, "Take a map along"), field),
    button("save-png", "Save as PNG", async () => download(await png(draw()), name(chosen(), "png"))),
    button("save-svg", "Save as SVG", () =>
      download(new Blob([svgText(draw())], { type: "image/svg+xml" }), name(chosen(), "svg")),
    ),
    button("copy-csv", "Copy values as CSV", async () => {
      await copyText(csv(chosen().map));
      say(status, `${chosen().map.height} lines of ${chosen().map.width} values are on the clipboard.`);
    }),
    status,
  );
  const rebuild = onChange((list) => {
    field.replaceChildren(...list.map(([id, label]) => h("option", { value: id }, label)));
    say(status, "");
  });
  return {
    element,
    update(now) {
      panels = now.filter(({ map }) => map);
      element.hidden = !panels.length;
      const { value } = field;
      rebuild(panels.map(({ method }) => [method.id, method.label]));
      if (panels.some(({ method }) => method.id === value)) field.value = value;
    },
  };
}
