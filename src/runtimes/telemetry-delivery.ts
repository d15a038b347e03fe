import { request } from 'node:http';
import { connect } from 'node:net';
import { type Holder, listenerOf } from './connections.ts';
import type { Deliver, Destination, TelemetryEvent } from './telemetry.ts';

/** What the gateway knows our own requests for others by: their content is a function's, and so is their trust. */
const MARK = { 'lambda-extension-telemetry': 'true' };
const TIMEOUT_MS = 2_000;

/**
 * Hands events to a listener of the environment's own processes, and to no other: functions share this machine's
 * loopback, and the server must not be made to write to whatever listens there.
 */
export function deliveryTo(holderOf: () => Holder | undefined, address: string): Deliver {
  return async (destination, events) => {
    const holder = holderOf();
    const host = holder && listenerOf(holder, destination.port, address);
    if (host === undefined) {
      throw new Error(`nothing of the environment listens on port ${destination.port}`);
    }
    await (destination.protocol === 'HTTP'
      ? post(host, destination, events)
      : write(host, destination, events));
  };
}

function post(host: string, { port, path }: Destination, events: readonly TelemetryEvent[]): Promise<void> {
  const body = JSON.stringify(events);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host,
        port,
        path,
        method: 'POST',
        agent: false,
        timeout: TIMEOUT_MS,
        headers: {
          ...MARK,
          host: `sandbox.localdomain:${port}`,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (response) => {
        response.resume();
        response.on('end', resolve);
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A line of JSON each. */
function write(host: string, { port }: Destination, events: readonly TelemetryEvent[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => {
      socket.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''), () => resolve());
    });
    socket.on('error', reject);
  });
}
