/** What the promise resolves with, or null if it has not settled after `ms` milliseconds; then what becomes of it does not matter. */
export function inTime<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
