import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';

const underWay = new Map<string, Promise<string>>();

/**
 * The path `target`, made by `make` at another one unless it is there already: it exists whole or not at all. Whoever
 * wants it while it is made waits for that.
 */
export function madeOnce(target: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  let work = underWay.get(target);
  if (work === undefined) {
    work = makeUnlessThere(target, make).finally(() => underWay.delete(target));
    underWay.set(target, work);
  }
  return work;
}

async function makeUnlessThere(target: string, make: (unfinished: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await make(unfinished);
  await rename(unfinished, target);
  return target;
}
