/**
 * Numbers as readers see them.
 */

/**
 * A number with so many decimals, with a true minus sign; "–" where it is missing.
 *
 * @param {number | null | undefined} value
 * @param {number} [decimals]
 * @returns {string}
 */
export function number(value, decimals = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/**
 * A share in per cent: "93 %", "99.6 %" near the ends; no share but 0 and 1 is shown as one of them.
 *
 * @param {number | null | undefined} share
 * @returns {string}
 */
export function percent(share) {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  const value = share * 100;
  const close = (value > 99 && value < 100) || (value < 1 && value > 0);
  return `${close ? Math.min(Math.max(value, 0.1), 99.9).toFixed(1) : Math.round(value)} %`;
}

/**
 * An interval: "0.41 to 0.52"; "" where an end is missing.
 *
 * @param {number | null | undefined} low
 * @param {number | null | undefined} high
 * @param {number} [decimals]
 * @returns {string}
 */
export function interval(low, high, decimals = 2) {
  const missing = [low, high].some((end) => end === null || end === undefined || !Number.isFinite(end));
  return missing ? "" : `${number(low, decimals)} to ${number(high, decimals)}`;
}

/** Thousands apart; made once, which takes long. */
const GROUPED = new Intl.NumberFormat("en-GB");

/**
 * A count with its noun: "1 image", "1,200 images".
 *
 * @param {number} count
 * @param {string} noun singular
 * @param {string} [plural]
 * @returns {string}
 */
export function counted(count, noun, plural = `${noun}s`) {
  return `${GROUPED.format(Math.round(count))} ${count === 1 ? noun : plural}`;
}

/**
 * A table as comma-separated values (RFC 4180). Text that a spreadsheet would take for a formula gets an apostrophe.
 *
 * @param {{columns: string[], rows: (string | number | boolean | null | undefined)[][]}} table
 * @returns {string}
 */
export function csv(table) {
  const cell = (/** @type {unknown} */ value) => {
    if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [table.columns, ...table.rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
