import type { World } from '../../world/world.ts';

/** The header of a trace that begins here. https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html */
export function newTraceHeader({ clock, random }: World): string {
  const seconds = Math.floor(clock.now() / 1000).toString(16);
  const root = random.uuid().replaceAll('-', '').slice(8);
  const parent = random.uuid().replaceAll('-', '').slice(16);
  return `Root=1-${seconds}-${root};Parent=${parent};Sampled=0`;
}
