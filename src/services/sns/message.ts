import { createHash } from 'node:crypto';
import type { MessageAttributeValue } from '../../model/gen/sns.ts';
import { fault, invalid } from './fault.ts';
import type { TopicRow } from './layout.ts';
import { attributesSize, type StoredAttributes, storeAttributes } from './message-attribute.ts';

/** Unless the topic says otherwise. */
export const MOST_BYTES = 262_144;
const MOST_SUBJECT = 100;
const ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

/** What a caller publishes, alone or as an entry of a batch. */
export interface Published {
  readonly Message: string;
  readonly Subject?: string | undefined;
  readonly MessageStructure?: string | undefined;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttributeValue | undefined>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

/** A message that passed SNS's checks. */
export interface Message {
  /** The text for a protocol: its own, when the message is structured. */
  readonly textFor: (protocol: string) => string;
  readonly subject?: string | undefined;
  readonly attributes?: StoredAttributes | undefined;
  /** In bytes. */
  readonly size: number;
  readonly group?: string | undefined;
  readonly deduplicationId?: string | undefined;
}

function structured(text: string): (protocol: string) => string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid('Message Structure - JSON message body failed to parse');
  }
  const texts = new Map(Object.entries(value).filter(([, one]) => typeof one === 'string')) as Map<
    string,
    string
  >;
  const byDefault = texts.get('default');
  if (byDefault === undefined) throw invalid('Message Structure - No default entry in JSON message body');
  return (protocol) => texts.get(protocol) ?? byDefault;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export function checkMessage(published: Published, mostBytes = MOST_BYTES): Message {
  const { Message: text, Subject: subject, MessageStructure: structure } = published;
  if (text === '') throw invalid('Empty message');
  const attributes = storeAttributes(published.MessageAttributes);
  const size = Buffer.byteLength(text) + attributesSize(attributes);
  if (size > mostBytes) throw invalid('Message too long');
  if (subject !== undefined && (subject === '' || subject.length > MOST_SUBJECT || /[\r\n]/.test(subject))) {
    throw invalid('Subject');
  }
  if (structure !== undefined && structure !== 'json') {
    throw invalid('Message Structure - Only "json" is supported');
  }
  return {
    textFor: structure === 'json' ? structured(text) : () => text,
    size,
    ...(subject === undefined ? {} : { subject }),
    ...(attributes === undefined ? {} : { attributes }),
  };
}

/** The group and deduplication id a message has in its topic. */
export function ordering(
  topic: TopicRow,
  { MessageGroupId: group, MessageDeduplicationId: id, Message: text }: Published,
): Pick<Message, 'group' | 'deduplicationId'> {
  if (group !== undefined && !ID.test(group))
    throw invalid('MessageGroupId Reason: The request includes an invalid MessageGroupId');
  if (!topic.fifo) {
    if (id !== undefined) {
      throw invalid(
        'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      );
    }
    return group === undefined ? {} : { group };
  }
  if (group === undefined) throw invalid('The MessageGroupId parameter is required for FIFO topics');
  if (id !== undefined) {
    if (!ID.test(id))
      throw invalid('MessageDeduplicationId Reason: The request includes an invalid MessageDeduplicationId');
    return { group, deduplicationId: id };
  }
  if (topic.attributes['ContentBasedDeduplication'] !== 'true') {
    throw invalid(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  return { group, deduplicationId: createHash('sha256').update(text).digest('hex') };
}

const MOST_ENTRIES = 10;
const MOST_ENTRY_ID = 80;
const ENTRY_ID = /^[A-Za-z0-9_-]+$/;

/** What PublishBatch checks of its entries. */
export function checkEntries(entries: readonly { readonly Id: string }[]): void {
  if (entries.length === 0) {
    throw fault('EmptyBatchRequestException', "The batch request doesn't contain any entries.");
  }
  if (entries.length > MOST_ENTRIES) {
    throw fault(
      'TooManyEntriesInBatchRequestException',
      'The batch request contains more entries than permissible.',
    );
  }
  for (const { Id } of entries) {
    const trouble =
      Id.length > MOST_ENTRY_ID
        ? 'is too long'
        : ENTRY_ID.test(Id)
          ? ''
          : 'contains an impermissible character';
    if (trouble !== '') {
      throw fault(
        'InvalidBatchEntryIdException',
        `The Id of a batch entry in the batch request ${trouble}: ${Id}`,
      );
    }
  }
  if (new Set(entries.map(({ Id }) => Id)).size !== entries.length) {
    throw fault(
      'BatchEntryIdsNotDistinctException',
      'Two or more batch entries in the request have the same Id.',
    );
  }
}
