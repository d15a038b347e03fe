import type { InboxPort } from '../../service/ports.ts';
import { ALPHANUMERIC_LOWER, type World } from '../../world/world.ts';
import { layout, type MessageRow } from './layout.ts';

/** The inbox every service delivers to: a message is a row of the sender's transaction. */
export function createInbox(world: World): InboxPort {
  return {
    deliver(tx, { account, region, kind, to, from, subject, text, html }) {
      const row: MessageRow = {
        kind,
        to,
        from,
        ...(subject === undefined ? {} : { subject }),
        text,
        ...(html === undefined ? {} : { html }),
        ...(region === undefined ? {} : { region }),
      };
      layout.global().accounts.set(tx, [account], true);
      layout
        .at(account, '')
        .messages.set(tx, [world.clock.now(), world.random.id(16, ALPHANUMERIC_LOWER)], row);
    },
  };
}
