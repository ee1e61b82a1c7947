/** A line of CSV (RFC 4180): fields with separators, quotes or line ends are quoted, quotes doubled. Null and undefined are empty. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

/** Beginnings that spreadsheets take for a formula, their full-width forms, and white space that some skip before one. */
const formula = /^[=+@\t\r\n\uff1d\uff0b\uff20\uff0d]|^-(?!\d+(?:\.\d+)?$)/;

/** Text that a spreadsheet would run as a formula is led by an apostrophe; numbers, negative ones too, stay. */
function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return JSON.stringify(value);
  const text = formula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
