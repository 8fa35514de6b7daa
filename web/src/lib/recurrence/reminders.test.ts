import { describe, expect, it } from "vitest";
import type { ReminderSpec } from "../api/client";
import { MAX_REMINDERS, problemOfAnother, reminderInWords } from "./reminders";

const BERLIN = "Europe/Berlin";
const DUE = "2026-11-24T17:00:00Z";
const NOW = Date.parse("2026-11-20T12:00:00Z");

describe("a reminder in words", () => {
  it.each<[ReminderSpec, string]>([
    [{ offset: "PT0S" }, "at the due time"],
    [{ offset: "-PT30M" }, "30 minutes before"],
    [{ offset: "-P1D" }, "1 day before"],
    [{ offset: "P1M" }, "P1M"],
    [{ at: "2026-11-24T16:00:00Z" }, "Tue 24 Nov, 17:00"],
    [{ at: "2026-12-31T23:30:00Z" }, "Fri 1 Jan 2027, 00:30"],
  ])("%o", (spec, words) => {
    expect(reminderInWords(spec, DUE, BERLIN, NOW)).toBe(words);
  });

  it("of a whole day is on the day", () => {
    expect(reminderInWords({ offset: "PT0S" }, "2026-11-24", BERLIN, NOW)).toBe("on the day");
    expect(reminderInWords({ offset: "PT0S" }, null, BERLIN, NOW)).toBe("at the due time");
  });
});

describe("one reminder more", () => {
  const problem = (reminders: ReminderSpec[], another: ReminderSpec, due: string | null = DUE) =>
    problemOfAnother(reminders, another, due, BERLIN, NOW);

  it("may be added", () => {
    expect(problem([{ offset: "PT0S" }], { offset: "-PT30M" })).toBeNull();
    expect(problem([{ offset: "PT0S" }], { at: "2026-11-24T16:00:00Z" })).toBeNull();
    expect(problem([], { at: "2026-11-24T16:00:00Z" }, null)).toBeNull();
  });

  it("is not the same as another, however that is written", () => {
    expect(problem([{ offset: "-PT60M" }], { offset: "-PT1H" })).toBe("there");
    const at = "2026-11-24T17:00:00+01:00";
    expect(problem([{ at }], { at: "2026-11-24T16:00:00Z" })).toBe("there");
  });

  it("is not past, nor more than 366 days from the due time", () => {
    expect(problem([], { offset: "-P366D" })).toBeNull();
    expect(problem([], { offset: "-P367D" })).toBe("too_far");
    expect(problem([], { at: "2026-11-20T12:00:00Z" })).toBe("past");
    expect(problem([], { at: "2027-11-25T12:00:00Z" })).toBeNull();
    expect(problem([], { at: "2027-11-26T12:00:00Z" })).toBe("too_far");
    expect(problem([], { at: "2027-11-26T12:00:00Z" }, null)).toBeNull();
  });

  it("is not the 21st", () => {
    const some = (count: number) =>
      Array.from({ length: count }, (_, at): ReminderSpec => ({ offset: `-PT${at + 1}M` }));
    expect(problem(some(MAX_REMINDERS - 1), { offset: "PT0S" })).toBeNull();
    expect(problem(some(MAX_REMINDERS), { offset: "PT0S" })).toBe("limit");
  });
});
