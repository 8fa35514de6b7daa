import { expect, test } from "vitest";
import { addDays, dayInWords, dueInWords, isOverdue, toInstant, toLocal } from "./time";

test("an instant and what clocks of its zone show are the same", () => {
  expect(toLocal("2026-11-28T22:30:00Z", "Europe/Berlin")).toEqual({
    date: "2026-11-28",
    time: "23:30",
  });
  expect(toLocal("2026-11-28T23:30:00Z", "Europe/Berlin")).toEqual({
    date: "2026-11-29",
    time: "00:30",
  });
  expect(toInstant("2026-11-28", "23:30", "Europe/Berlin")).toBe("2026-11-28T22:30:00Z");
  expect(toInstant("2026-07-01", "09:00", "America/New_York")).toBe("2026-07-01T13:00:00Z");
  expect(toInstant("2026-07-01", "09:00", "Asia/Kathmandu")).toBe("2026-07-01T03:15:00Z");
});

test("a time that the clocks skip takes the offset from before, and one that comes twice is the first", () => {
  expect(toInstant("2026-03-29", "02:30", "Europe/Berlin")).toBe("2026-03-29T01:30:00Z");
  expect(toInstant("2026-10-25", "02:30", "Europe/Berlin")).toBe("2026-10-25T00:30:00Z");
});

test("days are told from today", () => {
  const now = Date.parse("2026-11-28T22:30:00Z");
  const told = (day: string) => dayInWords(day, "Europe/Berlin", now);
  expect(told("2026-11-28")).toBe("Today");
  expect(told("2026-11-29")).toBe("Tomorrow");
  expect(told("2026-12-04")).toBe("Friday");
  expect(told("2026-12-24")).toBe("Thu 24 Dec");
  expect(told("2027-01-03")).toBe("Sun 3 Jan 2027");
  expect(dueInWords("2026-11-29T08:00:00Z", "Europe/Berlin", now)).toBe("Tomorrow 09:00");
  expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
});

test("a whole day is overdue when it has ended in the person's zone", () => {
  const now = Date.parse("2026-11-28T23:30:00Z");
  expect(isOverdue("2026-11-28", "Europe/Berlin", now)).toBe(true);
  expect(isOverdue("2026-11-28", "UTC", now)).toBe(false);
  expect(isOverdue("2026-11-28T23:00:00Z", "UTC", now)).toBe(true);
});
