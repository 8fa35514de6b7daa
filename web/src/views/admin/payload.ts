/** What a record says, for a person: as text where it is one, else byte by byte. */

/** The most that is shown of either, in bytes. */
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_HEX_BYTES = 4 * 1024;
const LINE_BYTES = 16;
const PRINTABLE = /[\x20-\x7e]/;
/** What no text has but tabs and line breaks. */
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

export interface Payload {
  text: string;
  isHex: boolean;
  /** How many bytes are shown. */
  shown: number;
}

export function payloadOf(base64: string): Payload {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const text = textOf(bytes.subarray(0, MAX_TEXT_BYTES));
  if (text !== null) {
    return { text, isHex: false, shown: Math.min(bytes.length, MAX_TEXT_BYTES) };
  }
  const head = bytes.subarray(0, MAX_HEX_BYTES);
  return { text: hexOf(head), isHex: true, shown: head.length };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    // A letter may be cut within a character: what was begun is left out.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return CONTROL.test(text) ? null : text;
  } catch {
    return null;
  }
}

function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += LINE_BYTES) {
    const line = [...bytes.subarray(at, at + LINE_BYTES)];
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const chars = line.map((byte) => String.fromCharCode(byte));
    const shown = chars.map((char) => (PRINTABLE.test(char) ? char : ".")).join("");
    const offset = at.toString(16).padStart(4, "0");
    lines.push(`${offset}  ${hex.padEnd(LINE_BYTES * 3 - 1)}  ${shown}`);
  }
  return lines.join("\n");
}
