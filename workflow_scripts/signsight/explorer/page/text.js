// Numbers, shares and names as text; pure.

const MINUS = "\u2212";

/** A number with three significant digits and a real minus sign; "–" for null. */
export function number(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e5 || size < 1e-4) return tidy(value.toExponential(digits - 1));
  return tidy(value.toFixed(Math.max(digits - 1 - Math.floor(Math.log10(size)), 0)));
}

/** The same with a plus sign before positive numbers. */
export function signed(value, digits = 3) {
  return (value > 0 ? "+" : "") + number(value, digits);
}

/** A share in 0...1 as a percentage: "99.4 %"; "–" for null. */
export function percent(share, digits = 1) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  return `${tidy((100 * share).toFixed(digits))}\u202f%`;
}

/** Degrees with a sign: "+15°". */
export function degrees(value) {
  return `${value > 0 ? "+" : ""}${tidy(String(value))}°`;
}

/** "1 image", "3 images". */
export function count(n, singular, plural = `${singular}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? singular : plural}`;
}

function tidy(text) {
  return text.replace(/^-(?=0(\.0*)?$)/, "").replaceAll("-", MINUS);
}
