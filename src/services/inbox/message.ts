import type { Row } from '../../store/keyspace.ts';
import type { MessageRow } from './layout.ts';

/** A message as `GET /_lambent/inbox` answers it. */
export interface Message {
  readonly id: string;
  readonly kind: 'email' | 'sms' | 'push';
  readonly to: string;
  readonly from: string;
  readonly subject: string | null;
  readonly text: string;
  readonly html: string | null;
  /** Where a text message was sent from. */
  readonly region?: string;
  /** Virtual time, ISO 8601. */
  readonly at: string;
}

export function toMessage({ key: [atMs, id], value }: Row<[number, string], MessageRow>): Message {
  return {
    id,
    kind: value.kind,
    to: value.to,
    from: value.from,
    subject: value.subject ?? null,
    text: value.text,
    html: value.html ?? null,
    ...(value.region === undefined ? {} : { region: value.region }),
    at: new Date(atMs).toISOString(),
  };
}

/** The one-time code a message carries: its first stand-alone run of four to eight digits, if any. */
export function codeIn(text: string): string | undefined {
  return /(?<![\w.+-])\d{4,8}(?![\w-])/.exec(text)?.[0];
}
