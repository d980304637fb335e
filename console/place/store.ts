import { useLayoutEffect, useState } from 'preact/hooks';

/** A value that components look at and are drawn again for when it changes. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** @returns ends it. */
  watch(onChange: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let current = initial;
  const watchers = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      if (Object.is(value, current)) return;
      current = value;
      for (const watcher of watchers) watcher();
    },
    watch: (onChange) => {
      watchers.add(onChange);
      return () => void watchers.delete(onChange);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(() => store.get());
  useLayoutEffect(() => {
    const read = () => setValue(() => store.get());
    // It may have changed between the drawing and now.
    read();
    return store.watch(read);
  }, [store]);
  return value;
}
