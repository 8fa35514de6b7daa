import { describe, expect, it } from "vitest";
import { fromRecurrence, newModel, toRrule } from "./model";
import { presetModel, presetOf, RULE_PRESETS } from "./presets";

const TUESDAY = "2026-11-24T17:00:00";

describe("a preset", () => {
  it.each([
    ["daily", "FREQ=DAILY"],
    ["workdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
    ["weekly", "FREQ=WEEKLY;BYDAY=TU"],
    ["monthly", "FREQ=MONTHLY;BYMONTHDAY=24"],
    ["yearly", "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=24"],
  ] as const)("%s is %s on the day that the task is due", (preset, rrule) => {
    expect(toRrule(presetModel(preset, TUESDAY))).toBe(rrule);
  });

  it.each(RULE_PRESETS)("%s is known again", (preset) => {
    expect(presetOf(presetModel(preset, TUESDAY), TUESDAY)).toBe(preset);
  });

  it("is none of a task that does not recur", () => {
    expect(presetOf(fromRecurrence(null), TUESDAY)).toBe("none");
  });

  it.each([
    { interval: 2 },
    { basis: "completion" as const },
    { end: { kind: "after" as const, count: 3 } },
  ])("is custom with %o", (more) => {
    expect(presetOf({ ...newModel(TUESDAY, "daily"), ...more }, TUESDAY)).toBe("custom");
  });

  it("is custom on another day than the task is due, and where the fields can't express it", () => {
    expect(presetOf(newModel("2026-11-25", "weekly"), TUESDAY)).toBe("custom");
    const rule = { rrule: "FREQ=YEARLY;BYWEEKNO=20", dtstart: TUESDAY, time_zone: "UTC" };
    expect(presetOf(fromRecurrence(rule), TUESDAY)).toBe("custom");
  });
});
