/** Waiting for what happens to the recorded node. */
export interface Changes {
  /** Resolves when something holds; looked at whenever anything happens. */
  until(condition: () => boolean): Promise<void>;
  /** Something has happened. */
  wake(): void;
}

/** Makes a place to wait. */
export function createChanges(): Changes {
  const waiters = new Set<() => void>();
  return {
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiters.delete(look);
          resolve();
        };
        waiters.add(look);
        look();
      }),
    wake() {
      for (const waiter of [...waiters]) waiter();
    },
  };
}
