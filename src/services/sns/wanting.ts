import { passes } from './filter.ts';
import { type FilterPolicy, parseFilterPolicy } from './filter-policy.ts';
import type { SubscriptionRow } from './layout.ts';
import type { Message } from './message.ts';
import { channelOf, filterScope } from './subscription.ts';

const COMPILED_POLICIES = 1000;

const policies = new Map<string, FilterPolicy>();

/** Compiles a filter policy once; equal texts are one policy. */
function compiled(text: string, scope: 'MessageAttributes' | 'MessageBody'): FilterPolicy {
  const key = `${scope}\n${text}`;
  let policy = policies.get(key);
  if (policy === undefined) {
    if (policies.size >= COMPILED_POLICIES) policies.clear();
    policies.set(key, (policy = parseFilterPolicy(text, scope)));
  }
  return policy;
}

/** Whether a subscription gets a message. */
export function wants(row: SubscriptionRow, message: Pick<Message, 'textFor' | 'attributes'>): boolean {
  const { attributes, pendingToken } = row;
  if (pendingToken !== undefined) return false;
  const text = attributes['FilterPolicy'];
  if (text === undefined) return true;
  const scope = filterScope(attributes);
  return passes(compiled(text, scope), scope, {
    body: message.textFor(channelOf(row)),
    attributes: message.attributes,
  });
}
