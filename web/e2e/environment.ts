/** What crates/e2e/tests/browser says of the system that it has started. */

/** Where it answers, as its PUBLIC_URL has it. `BASE_URL` means something else to Vite. */
export const BASE_URL = process.env["STACK_URL"] ?? "http://127.0.0.1:8080";
/** Who administers, once there is that account. */
export const ADMIN_EMAIL = process.env["ADMIN_EMAIL"] ?? "admin@example.test";
/** Whether screenshots are to be written to docs/screenshots/. */
export const WRITES_SCREENSHOTS = process.env["SCREENSHOTS"] === "write";
