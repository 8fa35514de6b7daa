import { expect, test } from "vitest";
import type { Phrase } from "./api/client";
import { edited, isNewTask, marksOf, opaque, pieces, plain, taskOf } from "./phrase";

const TEXT = "🎂 call May tomorrow #home";
const MAY = { start: TEXT.indexOf("May"), end: TEXT.indexOf("May") + 3 };

function phrase(more: Partial<Phrase>): Phrase {
  return {
    intent: "add",
    title: null,
    due_date: null,
    recurrence: null,
    reminders: [],
    priority: null,
    tags: [],
    target: null,
    spans: [],
    is_understood: true,
    further_commands: 0,
    ...more,
  };
}

test("marks stand where the words stand, whatever characters are before them", () => {
  const characters = [...TEXT];
  const at = (word: string) => [...TEXT.slice(0, TEXT.indexOf(word))].length;
  const spans = [
    { start: at("tomorrow"), end: at("tomorrow") + 8, kind: "due" },
    { start: at("#home"), end: characters.length, kind: "tag" },
    { start: 0, end: 1, kind: "command" },
  ];
  const marks = marksOf(phrase({ spans }), TEXT, []);
  expect(marks.map(({ kind, text }) => [kind, text])).toEqual([
    ["due", "tomorrow"],
    ["tag", "#home"],
  ]);
  expect(pieces(TEXT, marks)).toEqual([
    { text: "🎂 call May ", kind: null },
    { text: "tomorrow", kind: "due" },
    { text: " ", kind: null },
    { text: "#home", kind: "tag" },
  ]);
});

test("what is taken as it stands is hidden from the grammar, and comes back in the title", () => {
  const sent = opaque(TEXT, [MAY]);
  expect(sent).not.toContain("May");
  expect(plain(sent, TEXT, [MAY])).toBe(TEXT);
  const at = [...sent.slice(0, sent.indexOf("tomorrow"))].length;
  const said = phrase({
    title: sent.slice(0, sent.indexOf(" tomorrow")),
    due_date: "2026-11-29",
    tags: ["home"],
    spans: [{ start: at, end: at + 8, kind: "due" }],
  });
  expect(marksOf(said, TEXT, [MAY]).map(({ text }) => text)).toEqual(["tomorrow"]);
  expect(taskOf(said, TEXT, [MAY])).toEqual({
    title: "🎂 call May",
    due_date: "2026-11-29",
    tags: ["home"],
  });
});

test("several such words keep their places", () => {
  const text = "May and June on Friday";
  const literals = [
    { start: 8, end: 12 },
    { start: 0, end: 3 },
  ];
  expect(plain(opaque(text, literals), text, literals)).toBe(text);
  const sent = opaque(text, literals);
  const start = sent.indexOf("Friday");
  const [mark] = marksOf(
    phrase({ spans: [{ start, end: start + 6, kind: "due" }] }),
    text,
    literals,
  );
  expect(mark?.text).toBe("Friday");
});

test("an edit moves what is behind it, and undoes what it touches", () => {
  expect(edited([MAY], TEXT, `x${TEXT}`)).toEqual([{ start: MAY.start + 1, end: MAY.end + 1 }]);
  expect(edited([MAY], TEXT, TEXT + "!")).toEqual([MAY]);
  expect(edited([MAY], TEXT, TEXT.replace("May", "My"))).toEqual([]);
});

test("a question and several commands are talked about", () => {
  expect(isNewTask(phrase({}), "buy milk")).toBe(true);
  expect(isNewTask(phrase({}), "what now? ")).toBe(false);
  expect(isNewTask(phrase({ further_commands: 1 }), "buy milk and call Bob")).toBe(false);
  expect(isNewTask(phrase({ intent: "list" }), "today")).toBe(false);
});
