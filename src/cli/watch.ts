import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Cancel, World } from '../world/world.ts';

/** Editors write a file in several steps; what comes within this time is one change. */
const SETTLE_MS = 80;

/** Deploys again after each change of the sources, one deployment at a time; a failure waits for the next change. */
export function watchSources(
  world: World,
  sources: readonly string[],
  redeploy: () => Promise<readonly string[]>,
  onError: (error: unknown) => void,
): Cancel {
  let watchers: FSWatcher[] = [];
  let cancel: Cancel | undefined;
  let running = false;
  let again = false;
  let closed = false;

  function observe(paths: readonly string[]): void {
    for (const watcher of watchers) watcher.close();
    watchers = paths.map((path) => {
      const watcher = watch(path, { recursive: statSync(path).isDirectory() }, changed);
      watcher.on('error', onError);
      return watcher;
    });
  }
  function changed(): void {
    cancel?.();
    cancel = world.timers.after(SETTLE_MS, () => void run());
  }
  async function run(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      const next = await redeploy();
      if (!closed) observe(next);
    } catch (error) {
      onError(error);
    } finally {
      running = false;
    }
    if (again) {
      again = false;
      changed();
    }
  }
  observe(sources);
  return () => {
    closed = true;
    cancel?.();
    for (const watcher of watchers) watcher.close();
  };
}
