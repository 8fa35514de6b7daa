import { describe, expect, it } from "vitest";
import type { Recurrence } from "../api/client";
import {
  alignedWith,
  fromRecurrence,
  newModel,
  problemOf,
  startOf,
  toRecurrence,
  toRrule,
  type Model,
  type RuleModel,
} from "./model";

const DAY = "2026-11-29"; // A Sunday.
const TIME = "2026-11-29T18:00:00";
const BERLIN = "Europe/Berlin";

function made(rrule: string, dtstart: string, more: Partial<Recurrence> = {}): Recurrence {
  return { rrule, dtstart, time_zone: BERLIN, ...more };
}

function fields(model: Model): RuleModel {
  if (model.kind !== "rule") throw new Error(`not in the fields: ${JSON.stringify(model)}`);
  return model;
}

describe("a rule that the fields express", () => {
  it.each([
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3",
    "FREQ=DAILY;INTERVAL=3;COUNT=10",
    "FREQ=DAILY;UNTIL=20270601",
    "FREQ=WEEKLY;BYDAY=TU",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYDAY=5MO;COUNT=4",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=-1",
    "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20301231",
    "FREQ=YEARLY;BYMONTH=6;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
    "FREQ=HOURLY;INTERVAL=4",
    "FREQ=MINUTELY;INTERVAL=30",
  ])("%s comes back as it was", (rrule) => {
    expect(toRrule(fields(fromRecurrence(made(rrule, TIME))))).toBe(rrule);
  });

  it.each([
    ["FREQ=WEEKLY", DAY, "FREQ=WEEKLY;BYDAY=SU"],
    ["FREQ=WEEKLY;BYDAY=TH,MO,TH", DAY, "FREQ=WEEKLY;BYDAY=MO,TH"],
    ["FREQ=WEEKLY;INTERVAL=2;WKST=SU", DAY, "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU"],
    ["FREQ=MONTHLY", DAY, "FREQ=MONTHLY;BYMONTHDAY=29"],
    ["FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", DAY, "FREQ=MONTHLY;BYDAY=-1FR"],
    ["FREQ=YEARLY", DAY, "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=29"],
    ["FREQ=YEARLY;BYMONTH=3", DAY, "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=29"],
    ["FREQ=DAILY;BYHOUR=18;BYMINUTE=0;BYSECOND=0", TIME, "FREQ=DAILY"],
    ["FREQ=DAILY;UNTIL=20261224T225959Z", TIME, "FREQ=DAILY;UNTIL=20261224"],
    ["FREQ=DAILY;UNTIL=20261224T180000", TIME, "FREQ=DAILY;UNTIL=20261224"],
    ["FREQ=DAILY;UNTIL=20261224T120000", DAY, "FREQ=DAILY;UNTIL=20261224"],
    ["FREQ=HOURLY;UNTIL=20261224T225959Z", TIME, "FREQ=HOURLY;UNTIL=20261224"],
  ])("%s from %s comes back as %s, which is the same", (rrule, dtstart, same) => {
    expect(toRrule(fields(fromRecurrence(made(rrule, dtstart))))).toBe(same);
  });

  it.each(["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY", "FREQ=MONTHLY;COUNT=3", "FREQ=YEARLY"])(
    "%s stays a distance where it counts from the completion",
    (rrule) => {
      const model = fields(fromRecurrence(made(rrule, DAY, { basis: "completion" })));
      expect(toRrule(model)).toBe(rrule);
      expect(model.basis).toBe("completion");
    },
  );
});

describe("a rule that the fields can't express", () => {
  it.each([
    ["FREQ=DAILY;BYHOUR=9,21", TIME],
    ["FREQ=DAILY;BYHOUR=9", TIME],
    ["FREQ=DAILY;BYMINUTE=30", TIME],
    ["FREQ=DAILY;BYSECOND=30", TIME],
    ["FREQ=DAILY;BYMONTH=1", DAY],
    ["FREQ=DAILY;BYDAY=MO", DAY],
    ["FREQ=DAILY;UNTIL=20261224T120000", TIME],
    ["FREQ=HOURLY;UNTIL=20261224T200000", TIME],
    ["FREQ=HOURLY;BYHOUR=18", TIME],
    ["FREQ=WEEKLY;BYDAY=MO;BYMONTH=6", DAY],
    ["FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1", DAY],
    ["FREQ=MONTHLY;BYMONTHDAY=1,15", DAY],
    ["FREQ=MONTHLY;BYMONTHDAY=-2", DAY],
    ["FREQ=MONTHLY;BYMONTHDAY=15;BYMONTH=3", DAY],
    ["FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1", DAY],
    ["FREQ=MONTHLY;BYDAY=1MO,3MO", DAY],
    ["FREQ=MONTHLY;BYDAY=-2FR", DAY],
    ["FREQ=MONTHLY;BYDAY=TU", DAY],
    ["FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", DAY],
    ["FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", DAY],
    ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", DAY],
    ["FREQ=MONTHLY;BYDAY=1FR;BYSETPOS=1", DAY],
    ["FREQ=YEARLY;BYMONTHDAY=15", DAY],
    ["FREQ=YEARLY;BYDAY=20MO", DAY],
    ["FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1", DAY],
    ["FREQ=YEARLY;BYYEARDAY=100", DAY],
    ["FREQ=YEARLY;BYWEEKNO=20", DAY],
    ["FREQ=SECONDLY", TIME],
    ["no rule", DAY],
  ])("%s from %s is kept untouched", (rrule, dtstart) => {
    const recurrence = made(rrule, dtstart, { exdates: [dtstart] });
    const model = fromRecurrence(recurrence);
    expect(model.kind).toBe("custom");
    expect(toRecurrence(model, recurrence, "2027-01-01", "Asia/Tokyo")).toBe(recurrence);
  });

  it("days that count from the completion are kept untouched", () => {
    const recurrence = made("FREQ=WEEKLY;BYDAY=MO", DAY, { basis: "completion" });
    expect(fromRecurrence(recurrence)).toEqual({ kind: "custom", recurrence });
  });
});

describe("a recurrence from the fields", () => {
  const weekly = made("FREQ=WEEKLY;BYDAY=SU", TIME, { exdates: ["2026-12-06T18:00:00"] });
  const later = "2026-12-08T09:30:00";

  it("is none of no rule", () => {
    expect(fromRecurrence(null)).toEqual({ kind: "none" });
    expect(toRecurrence({ kind: "none" }, weekly, later, BERLIN)).toBeNull();
  });

  it("begins when the task is due", () => {
    expect(toRecurrence(newModel(DAY, "monthly"), null, DAY, BERLIN)).toEqual({
      rrule: "FREQ=MONTHLY;BYMONTHDAY=29",
      dtstart: DAY,
      time_zone: BERLIN,
      basis: "due_date",
    });
  });

  it("keeps its beginning where only its end is another", () => {
    const model: RuleModel = {
      ...fields(fromRecurrence(weekly)),
      end: { kind: "after", count: 5 },
    };
    const rrule = "FREQ=WEEKLY;BYDAY=SU;COUNT=5";
    expect(toRecurrence(model, weekly, later, "Asia/Tokyo")).toEqual({ ...weekly, rrule });
  });

  it("begins anew where its days are others, and passes over what is left of its exdates", () => {
    const before = { ...weekly, exdates: ["2026-12-06T18:00:00", "2026-12-13T18:00:00"] };
    const model: RuleModel = { ...fields(fromRecurrence(before)), interval: 2 };
    expect(toRecurrence(model, before, later, BERLIN)).toEqual({
      rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
      dtstart: later,
      time_zone: BERLIN,
      basis: "due_date",
      exdates: ["2026-12-13T09:30:00"],
    });
  });

  it("begins anew where it counts from the completion now", () => {
    for (const [rrule, distance] of [
      ["FREQ=WEEKLY;BYDAY=SU", "FREQ=WEEKLY"],
      ["FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=3"],
    ] as const) {
      const before = { ...weekly, rrule };
      const model: RuleModel = { ...fields(fromRecurrence(before)), basis: "completion" };
      const made = toRecurrence(model, before, later, BERLIN);
      expect(made).toMatchObject({ rrule: distance, dtstart: later, basis: "completion" });
    }
  });

  it("begins anew with a day where the task is due on a day now", () => {
    const made = toRecurrence(fromRecurrence(weekly), weekly, "2026-12-08", BERLIN);
    expect(made).toMatchObject({ rrule: weekly.rrule, dtstart: "2026-12-08" });
    expect(made).not.toHaveProperty("exdates");
  });
});

describe("where a rule begins", () => {
  it("is the local time or the day of the due date", () => {
    expect(startOf("2026-11-29T17:00:00Z", BERLIN)).toBe(TIME);
    expect(startOf(DAY, BERLIN)).toBe(DAY);
    expect(startOf(null, BERLIN)).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it("is made a day or a time as the due date is one", () => {
    const timed = made("FREQ=WEEKLY;BYDAY=SU", TIME, { exdates: ["2026-12-06T18:00:00"] });
    const whole = { ...timed, dtstart: DAY, exdates: ["2026-12-06"] };
    expect(alignedWith(timed, "2027-01-03")).toEqual(whole);
    expect(alignedWith(whole, "2027-01-03T17:00:00Z")).toEqual(timed);
    expect(alignedWith(timed, "2027-01-03T08:00:00Z")).toBe(timed);
    expect(alignedWith(timed, null)).toBe(timed);
  });

  it("is no day where the rule names times of day", () => {
    for (const rrule of ["FREQ=HOURLY", "FREQ=DAILY;BYHOUR=9,21", "no rule"]) {
      expect(alignedWith(made(rrule, TIME), DAY)).toBeNull();
    }
  });
});

describe("fields that make no rule", () => {
  const model = newModel(DAY, "weekly");

  it.each<[Partial<RuleModel>, string | null]>([
    [{}, null],
    [{ interval: 0 }, "interval"],
    [{ interval: 1.5 }, "interval"],
    [{ interval: Number.NaN }, "interval"],
    [{ interval: 65_536 }, "interval"],
    [{ frequency: "minutely", interval: 4 }, "too_often"],
    [{ frequency: "minutely", interval: 5 }, null],
    [{ weekdays: [] }, "no_weekday"],
    [{ weekdays: [], basis: "completion" }, null],
    [{ weekdays: [], frequency: "daily" }, null],
    [{ frequency: "monthly", monthDay: { by: "date", date: 31 } }, null],
    [{ frequency: "monthly", monthDay: { by: "date", date: 32 } }, "month_date"],
    [{ frequency: "monthly", monthDay: { by: "date", date: 0 } }, "month_date"],
    [{ frequency: "yearly", month: 2, monthDay: { by: "date", date: 29 } }, null],
    [{ frequency: "yearly", month: 2, monthDay: { by: "date", date: 30 } }, "month_date"],
    [{ frequency: "yearly", month: 2, monthDay: { by: "last_day" } }, null],
    [{ monthDay: { by: "date", date: 32 } }, null],
    [{ end: { kind: "after", count: 0 } }, "count"],
    [{ end: { kind: "after", count: 10_001 } }, "count"],
    [{ end: { kind: "on", date: "2026-11-28" } }, "end_date"],
    [{ end: { kind: "on", date: DAY } }, null],
    [{ end: { kind: "on", date: "" } }, "end_date"],
  ])("%o is %s", (changed, problem) => {
    expect(problemOf({ ...model, ...changed }, TIME)).toBe(problem);
  });

  it("minutes begin with as many as there may be", () => {
    expect(problemOf(newModel(TIME, "minutely"), TIME)).toBeNull();
  });
});
