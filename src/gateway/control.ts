import { Fault } from '../service/faults.ts';
import type { FrontDoor, FrontDoorRequest } from '../service/front-door.ts';
import type { RuntimeHere } from '../service/runtimes.ts';
import { answerJson, isOurs } from './door-guard.ts';
import type { Opener } from './opener.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface ControlOptions {
  readonly version: string;
  /** Names of the services with operations. */
  readonly services: readonly string[];
  /** What isolation functions get here. */
  readonly isolation: string;
  /** What functions' runtimes run on here. */
  readonly runtimes: () => Promise<readonly RuntimeHere[]>;
  readonly clock: VirtualClock;
  readonly opener: Opener;
}

const BODY_LIMIT = 64 * 1024;

async function readJson(request: FrontDoorRequest): Promise<Record<string, unknown>> {
  const text = Buffer.from(await request.body(BODY_LIMIT)).toString('utf8');
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below, as for any other body that is not an object.
  }
  throw new Fault('BadRequest', 'The body must be a JSON object.', {}, 400);
}

/** The doors of the server itself: health for wrappers and tests, and the virtual clock. */
export function controlDoors({
  version,
  services,
  isolation,
  runtimes,
  clock,
  opener,
}: ControlOptions): readonly FrontDoor[] {
  async function handleClock(request: FrontDoorRequest): Promise<void> {
    if (request.method === 'POST') {
      if (!isOurs(request, opener))
        throw new Fault(
          'Forbidden',
          'Pages of another origin and functions may not move the clock.',
          {},
          403,
        );
      const body = await readJson(request);
      await clock.move(body);
    } else if (request.method !== 'GET') throw new Fault('MethodNotAllowed', 'GET or POST', {}, 405);
    answerJson(request, 200, clock.read());
  }

  return [
    {
      name: 'health',
      paths: ['/_lambent/health'],
      handle: async (request) =>
        answerJson(request, 200, { status: 'running', version, services, isolation }),
    },
    {
      name: 'localstack-health',
      paths: ['/_localstack/health'],
      handle: async (request) =>
        answerJson(request, 200, {
          services: Object.fromEntries(services.map((name) => [name, 'running'])),
          edition: 'lambent',
          version,
        }),
    },
    {
      name: 'runtimes',
      paths: ['/_lambent/runtimes'],
      handle: async (request) => answerJson(request, 200, { runtimes: await runtimes() }),
    },
    { name: 'clock', paths: ['/_lambent/clock'], handle: handleClock },
  ];
}
