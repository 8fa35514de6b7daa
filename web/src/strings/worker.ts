/** What notifications say; of the service worker alone. */
export const workerStrings = {
  done: "Done",
  snooze: "In 10 minutes",
  unreadable: "Something is due",
  unreadableHint: "Open the page to see what.",
  failed: "That did not work here. Open the page to do it.",
} as const;
