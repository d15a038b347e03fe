import { keyspace, rows } from '../../store/keyspace.ts';

/** The whole key layout of the inbox. Mail has no region; its rows stand at an account's empty one. */
export const layout = keyspace('inbox', {
  messages: rows<[atMs: number, id: string], MessageRow>('messages'),
  /** Of no account: every account that ever got a message, so that the sweep knows where to look. */
  accounts: rows<[account: string], true>('accounts'),
});

export interface MessageRow {
  readonly kind: 'email' | 'sms' | 'push';
  readonly to: string;
  readonly from: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  /** Where a text message was sent from: who gets it may opt out there. */
  readonly region?: string;
}
