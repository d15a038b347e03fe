import type { Transaction } from '../../store/store.ts';
import { layout, type SubscriptionRow } from './layout.ts';
import { rowsOf, type SubscriptionName, subscriptionArn } from './topic.ts';

/** Takes a subscription and everything that names it away; what is on its way to it is dropped when its job runs. */
export function eraseSubscription(tx: Transaction, name: SubscriptionName, row: SubscriptionRow): void {
  const { topic, id } = name;
  const rows = rowsOf(topic);
  rows.subscriptions.delete(tx, [topic.name, id]);
  rows.endpoints.delete(tx, [topic.name, row.protocol, row.endpoint]);
  if (row.pendingToken !== undefined) rows.tokens.delete(tx, [topic.name, row.pendingToken]);
  layout.at(row.owner, topic.region).owned.delete(tx, [subscriptionArn(name)]);
}
