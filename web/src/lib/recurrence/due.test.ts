import { describe, expect, it } from "vitest";
import { dueOf, fieldsOf, quickDay, quickDays } from "./due";

const BERLIN = "Europe/Berlin";

describe("a due date in fields", () => {
  it.each([
    [null, { date: "", time: "" }],
    ["2026-11-24", { date: "2026-11-24", time: "" }],
    ["2026-11-24T23:30:00Z", { date: "2026-11-25", time: "00:30" }],
  ])("%s is there and back the same", (due, fields) => {
    expect(fieldsOf(due, BERLIN)).toEqual(fields);
    expect(dueOf(fields, BERLIN)).toBe(due);
  });

  it("a time without a date is none", () => {
    expect(dueOf({ date: "", time: "10:00" }, BERLIN)).toBeNull();
  });
});

describe("the days of quick choices", () => {
  it.each([
    ["2026-11-23", "Monday", "2026-11-24", "2026-11-28", "2026-11-30"],
    ["2026-11-27", "Friday", "2026-11-28", "2026-11-28", "2026-11-30"],
    ["2026-11-28", "Saturday", "2026-11-29", "2026-11-28", "2026-11-30"],
    ["2026-11-29", "Sunday", "2026-11-30", "2026-11-29", "2026-11-30"],
    ["2026-12-31", "Thursday", "2027-01-01", "2027-01-02", "2027-01-04"],
  ])("of %s, a %s", (today, _weekday, tomorrow, weekend, nextWeek) => {
    expect(quickDay("today", today)).toBe(today);
    expect(quickDay("tomorrow", today)).toBe(tomorrow);
    expect(quickDay("weekend", today)).toBe(weekend);
    expect(quickDay("next_week", today)).toBe(nextWeek);
  });

  it("have no weekend beside today while it lasts", () => {
    const choices = (day: string) => quickDays(day).map(({ choice }) => choice);
    expect(choices("2026-11-27")).toEqual(["today", "tomorrow", "weekend", "next_week"]);
    expect(choices("2026-11-28")).toEqual(["today", "tomorrow", "next_week"]);
    expect(choices("2026-11-29")).toEqual(["today", "tomorrow", "next_week"]);
  });
});
