import type { Socket } from 'node:net';
import type { Runtimes } from '../service/runtimes.ts';
import { isLoopback } from './guard.ts';

/** Tells whose a connection is. */
export interface Opener {
  /**
   * Whether a function of ours opened it. Functions reach this server as every program of the machine does, but what
   * loopback is trusted with is not theirs: they have their role.
   */
  isFunction(socket: Socket): boolean;
}

/** Answers are kept with the connection. */
export function createOpener(runtimes: Pick<Runtimes, 'ownsConnection'>): Opener {
  const known = new WeakMap<Socket, boolean>();
  return {
    isFunction: (socket) => {
      let answer = known.get(socket);
      if (answer === undefined) {
        const { remoteAddress = '' } = socket;
        answer = isLoopback(remoteAddress.replace(/^::ffff:/, '')) && runtimes.ownsConnection(socket);
        known.set(socket, answer);
      }
      return answer;
    },
  };
}
