import { expect, test } from "vitest";
import { browserOf } from "./browser";

const MOZILLA = "Mozilla/5.0";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

test("a browser is called by its own name, though it names others", () => {
  const edge = `${MOZILLA} (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`;
  expect(browserOf(edge)).toEqual({ browser: "Edge", system: "Windows" });
  const chrome = `${MOZILLA} (Linux; Android 10; K) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`;
  expect(browserOf(chrome)).toEqual({ browser: "Chrome", system: "Android" });
  const safari = `${MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1`;
  expect(browserOf(safari)).toEqual({ browser: "Safari", system: "iPhone" });
  const firefox = `${MOZILLA} (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0`;
  expect(browserOf(firefox)).toEqual({ browser: "Firefox", system: "Linux" });
});

test("what is no known browser has no name", () => {
  expect(browserOf("curl/8.9.1")).toBeNull();
});
