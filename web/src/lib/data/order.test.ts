import { expect, test } from "vitest";
import { positionBeside, putAt, putBack, type Put } from "./order";

const LIST = ["a", "b", "c", "d", "e"];

/** The list as the service has it after these. */
function after(list: readonly string[], puts: readonly Put[]): string {
  const now = [...list];
  for (const { id, beside } of puts) {
    now.splice(now.indexOf(id), 1);
    const at = "after" in beside ? now.indexOf(beside.after) + 1 : now.indexOf(beside.before);
    now.splice(at, 0, id);
  }
  return now.join("");
}

test.each<[ids: string[], place: string, then: string]>([
  [["d"], "b", "adbce"],
  [["d"], "a", "dabce"],
  [["b"], "d", "acdbe"],
  [["a"], "e", "bcdea"],
  [["a"], "b", "bacde"],
  [["d", "e"], "a", "deabc"],
  [["e", "c"], "b", "acebd"],
  [["a", "b"], "d", "cdabe"],
  [["a", "e"], "c", "bcaed"],
])("%j into the place of %s: %s, and back again", (ids, place, then) => {
  const puts = putAt(LIST, ids, place);
  expect(after(LIST, puts)).toBe(then);
  expect(after([...then], putBack(LIST, puts))).toBe(LIST.join(""));
});

test("nothing moves onto itself, nor beside what is not shown", () => {
  expect(putAt(LIST, ["b"], "b")).toEqual([]);
  expect(putAt(LIST, ["elsewhere"], "b")).toEqual([]);
  expect(putAt(LIST, ["b"], "elsewhere")).toEqual([]);
  expect(after(LIST, putAt(LIST, ["b", "d"], "b"))).toBe("adbce");
});

test("until the service says where it is, a task stands between its neighbours", () => {
  const positions = ["80", "8080", "81", "c0"];
  for (const [at, above] of positions.entries()) {
    const between = positionBeside(above, { after: "x" })!;
    expect(between > above).toBe(true);
    const below = positions[at + 1];
    if (below !== undefined) expect(between < below).toBe(true);
  }
  expect(positionBeside("80", { before: "x" })! < "80").toBe(true);
  expect(positionBeside(null, { after: "x" })).toBe(null);
});
