import { defineConfig } from "vitest/config";

/** The longest that a test may take, in milliseconds; generous, as the machines are shared. */
const TEST_TIMEOUT_MS = 90_000;
/** The longest that a test waits for one thing, in milliseconds. */
const POLL_TIMEOUT_MS = 20_000;

/** Tests that drive a running system with a browser: crates/e2e/tests/browser starts both. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    globalSetup: "e2e/chromium.ts",
    reporters: ["verbose"],
    // What is measured would be measured beside the others.
    fileParallelism: false,
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    expect: { poll: { timeout: POLL_TIMEOUT_MS, interval: 20 } },
  },
});
