import { expect, test } from "vitest";
import { payloadOf } from "./payload";

function base64(bytes: Iterable<number>): string {
  return btoa(String.fromCharCode(...bytes));
}

test("a text is shown as it is", () => {
  const bytes = new TextEncoder().encode('{"title":"Käse 🧀"}\n');
  const payload = payloadOf(base64(bytes));
  expect(payload).toEqual({ text: '{"title":"Käse 🧀"}\n', isHex: false, shown: bytes.length });
});

test("a text that is cut within a character is still one", () => {
  const bytes = new TextEncoder().encode("Käse");
  expect(payloadOf(base64(bytes.subarray(0, 2))).text).toBe("K");
});

test("what is no text is shown byte by byte", () => {
  const { text, isHex } = payloadOf(base64([0xff, 0x00, 0x41, ...Array<number>(14).fill(0x7a)]));
  expect(isHex).toBe(true);
  expect(text).toBe(
    "0000  ff 00 41 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a 7a  ..Azzzzzzzzzzzzz\n" +
      `0010  7a${" ".repeat(45)}  z`,
  );
});

test("a text with a NUL is no text", () => {
  expect(payloadOf(base64([0x41, 0x00])).isHex).toBe(true);
});

test("of what is long, its beginning is shown", () => {
  expect(payloadOf(base64(Array<number>(5_000).fill(0xff))).shown).toBe(4_096);
});
