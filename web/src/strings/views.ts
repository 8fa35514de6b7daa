/** What is said in the calendar, of what is done, and in the trash. */

export const viewsStrings = {
  showMore: "Show more",
  tryAgain: "Try again",

  done: {
    none: "Nothing is done yet.",
    reopen: "Reopen",
    reopenTask: (title: string) => `Reopen ${title}`,
    reopened: (title: string) => `To be done again: ${title}`,
    at: (time: string) => `Done at ${time}`,
  },

  trash: {
    about: "What you delete stays here until you delete it for ever.",
    none: "The trash is empty.",
    deleted: (when: string) => `Deleted ${when}`,
    restore: "Restore",
    restoreTask: (title: string) => `Restore ${title}`,
    restored: (title: string) => `Restored: ${title}`,
    purge: "Delete for ever",
    purgeTask: (title: string) => `Delete for ever: ${title}`,
    purgeTitle: "Delete it for ever?",
    purgeText: (title: string) => `“${title}” and what happened to it can't be brought back then.`,
    purged: (title: string) => `Deleted for ever: ${title}`,
    empty: "Empty the trash",
    emptyTitle: "Empty the trash?",
    emptyText: "All that is in it can't be brought back then.",
    emptied: "The trash is empty.",
  },

  calendar: {
    previous: "Previous month",
    next: "Next month",
    today: "Today",
    day: (day: string, count: number) =>
      `${day}: ${count === 0 ? "nothing" : count === 1 ? "one task" : `${count} tasks`}`,
    more: (count: number) => `${count} more`,
    none: "Nothing is due on this day.",
    hint: "Arrow keys move from day to day, Page Up and Page Down from month to month. Enter leads to the day's tasks.",
  },
} as const;
