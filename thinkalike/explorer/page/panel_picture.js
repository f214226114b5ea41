/**
 * A panel of tiles as a picture to save: rows and columns of canvases with their words.
 */

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string[]} columns
 * @property {{head: string, note: string, cells: {href: string | null, text: string}[]}[]} rows
 * @property {{width: number, height: number}} tile pixels
 * @property {string | null} picture address of what all maps are about
 * @property {string} foot
 */

const PANEL_HEAD = 150;
const PANEL_GAP = 8;
const PANEL_LINE = 18;
const PANEL_PICTURE = 110;
const PANEL_TOP = 56;

/**
 * Text that can stand in XML.
 *
 * @param {string} text
 * @returns {string}
 */
export function xmlText(text) {
  const names = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" });
  // what XML has no character for is left out
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"']/g, (sign) => names[sign]);
}

/**
 * A panel as SVG.
 *
 * @param {Panel} panel
 * @returns {string}
 */
export function panelPicture({ title, columns, rows, tile, picture, foot }) {
  const width = PANEL_HEAD + columns.length * (tile.width + PANEL_GAP) + PANEL_GAP;
  const pitch = tile.height + PANEL_LINE + PANEL_GAP;
  const height = PANEL_TOP + rows.length * pitch + PANEL_LINE;
  const left = (/** @type {number} */ column) => PANEL_HEAD + column * (tile.width + PANEL_GAP);
  const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ words, more = "") =>
    words ? `<text x="${x}" y="${y}"${more}>${xmlText(words)}</text>` : "";
  const parts = [
    text(PANEL_GAP, 22, title, ' font-size="15" font-weight="600"'),
    picture ? `<image x="${PANEL_GAP}" y="${PANEL_TOP + PANEL_LINE + PANEL_GAP}" width="${PANEL_PICTURE}" height="${(PANEL_PICTURE * tile.height) / tile.width}" href="${xmlText(picture)}"/>` : "",
    text(PANEL_GAP, height - 8, foot, ' fill="#555555" font-size="11"'),
    ...columns.map((name, column) => text(left(column), PANEL_TOP - 8, name)),
    ...rows.flatMap(({ head, note, cells }, row) => {
      const top = PANEL_TOP + row * pitch;
      return [
        text(PANEL_GAP, top + 16, head, ' font-weight="600"'),
        text(PANEL_GAP, top + 33, note, ' fill="#555555"'),
        ...cells.flatMap(({ href, text: words }, column) => [
          href ? `<image x="${left(column)}" y="${top}" width="${tile.width}" height="${tile.height}" href="${xmlText(href)}"/>` : "",
          text(left(column), top + tile.height + 14, words, ' fill="#555555" font-size="11"'),
        ]),
      ];
    }),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#111111"><rect width="100%" height="100%" fill="#ffffff"/>` +
    `${parts.join("")}</svg>`
  );
}

/**
 * A picture in SVG as PNG, twice as large.
 *
 * @param {string} svg
 * @returns {Promise<Blob>}
 */
export async function rasterised(svg) {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? new Blob()), "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}
