import { describe, expect, it } from "vitest";
import { durationInWords, formatDuration, MAX_OFFSET_SECS, parseDuration } from "./duration";

describe("a duration", () => {
  it.each([
    ["PT0S", 0],
    ["-PT0S", 0],
    ["-PT30M", -1800],
    ["PT2H", 7200],
    ["+PT2H", 7200],
    ["-P1D", -86_400],
    ["-P1DT2H", -93_600],
    ["P1W", 604_800],
    ["-P1W2DT3H4M5S", -788_645],
    ["PT90M", 5400],
    ["P366D", MAX_OFFSET_SECS],
  ])("%s is %d seconds", (text, secs) => {
    expect(parseDuration(text)).toBe(secs);
  });

  it.each(["", "P", "PT", "30M", "-PT", "P1H", "PT1D", "PT1M2H", "PT1.5H", "P1DT", "--P1D"])(
    "%o is none",
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it.each(["PT-5M", "P1M", "P1Y", "pt5m", "PT5M ", "P367D", "-P53W", "PT99999999999999999999S"])(
    "%o is none either",
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  it.each([
    [0, "PT0S"],
    [-1800, "-PT30M"],
    [-3600, "-PT1H"],
    [-5400, "-PT90M"],
    [-86_400, "-P1D"],
    [604_800, "P7D"],
    [-93_600, "-PT26H"],
    [1, "PT1S"],
  ])("of %d seconds is written %s", (secs, text) => {
    expect(formatDuration(secs)).toBe(text);
  });

  it("that is written reads back as the same", () => {
    for (const secs of [0, 1, -1, 59, -60, 3600, -5400, 86_400, -90_061, MAX_OFFSET_SECS]) {
      expect(parseDuration(formatDuration(secs))).toBe(secs);
    }
  });

  it.each([
    [0, "at the due time"],
    [-1800, "30 minutes before"],
    [-60, "1 minute before"],
    [-3600, "1 hour before"],
    [-5400, "1 hour and 30 minutes before"],
    [-86_400, "1 day before"],
    [-604_800, "1 week before"],
    [-864_000, "10 days before"],
    [-90_061, "1 day, 1 hour, 1 minute and 1 second before"],
    [7200, "2 hours after"],
  ])("of %d seconds is said %s", (secs, words) => {
    expect(durationInWords(secs)).toBe(words);
  });
});
