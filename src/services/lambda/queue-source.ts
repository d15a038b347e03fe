import { parseArn } from '../../base/arn.ts';
import type { Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { fault, functionArn } from './reference.ts';
import { SERVICE } from './roles.ts';

/** A message as ReceiveMessage answers it. */
export interface QueueMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly Body: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<Record<string, MessageAttribute>>;
}

interface MessageAttribute {
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
  readonly DataType: string;
}

/** A message as it stands in the function's event. */
export type QueueRecord = Readonly<Record<string, unknown>>;

/** ReceiveMessage and DeleteMessageBatch take this many at a time. */
const MOST_AT_ONCE = 10;

/** Reads a queue under the function's role. */
export class QueueSource {
  readonly #ctx: Context;
  readonly #arn: string;
  readonly #url: string;
  readonly #region: string;
  readonly #role: string;
  readonly #name: string;

  constructor(ctx: Context, arn: string, role: string, name: string) {
    const { account = ctx.account, region = ctx.region, resource = '' } = parseArn(arn) ?? {};
    this.#ctx = ctx;
    this.#arn = arn;
    this.#region = region;
    this.#url = `${ctx.endpoint}/${account}/${resource}`;
    this.#role = role;
    this.#name = name;
  }

  /** Throws what CreateEventSourceMapping says of a queue that cannot be read for the function. */
  async check(timeoutSeconds: number): Promise<void> {
    let visibility: number;
    try {
      visibility = Number((await this.#attributes(['VisibilityTimeout']))['VisibilityTimeout']);
    } catch (error) {
      if (!Fault.is(error)) throw error;
      throw fault(
        'InvalidParameterValueException',
        error.code.includes('NonExistentQueue') || error.code === 'QueueDoesNotExist'
          ? `Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.`
          : 'The function execution role does not have permissions to call ReceiveMessage on SQS',
      );
    }
    if (visibility < timeoutSeconds) {
      throw fault(
        'InvalidParameterValueException',
        `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
      );
    }
  }

  get fifo(): boolean {
    return this.#arn.endsWith('.fifo');
  }

  /** Up to `limit` messages that may be received now. */
  async receive(limit: number): Promise<readonly QueueMessage[]> {
    const received: QueueMessage[] = [];
    while (received.length < limit) {
      const { Messages = [] } = await this.#call<{ Messages?: readonly QueueMessage[] }>('ReceiveMessage', {
        MaxNumberOfMessages: Math.min(MOST_AT_ONCE, limit - received.length),
        WaitTimeSeconds: 0,
        AttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      });
      received.push(...Messages);
      // A queue that gives less than it was asked for has no more by now.
      if (Messages.length < MOST_AT_ONCE) break;
    }
    return received;
  }

  async remove(messages: readonly QueueMessage[]): Promise<void> {
    for (let from = 0; from < messages.length; from += MOST_AT_ONCE) {
      await this.#call('DeleteMessageBatch', {
        Entries: messages.slice(from, from + MOST_AT_ONCE).map(({ ReceiptHandle }, index) => ({
          Id: String(index),
          ReceiptHandle,
        })),
      });
    }
  }

  /** When the next message may be received, which may be now or have been; undefined when there is none. */
  nextAtMs(): Promise<number | undefined> {
    return this.#ctx.nextChange('sqs', this.#arn);
  }

  /** How many messages may be received now. */
  async waiting(): Promise<number> {
    const name = 'ApproximateNumberOfMessages';
    return Number((await this.#attributes([name]))[name] ?? 0);
  }

  /** A message as it stands in the function's event. */
  recordOf(message: QueueMessage): QueueRecord {
    return {
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes ?? {},
      messageAttributes: Object.fromEntries(
        Object.entries(message.MessageAttributes ?? {}).map(([name, attribute]) => [
          name,
          attributeOf(attribute),
        ]),
      ),
      md5OfBody: message.MD5OfBody,
      ...(message.MD5OfMessageAttributes === undefined
        ? {}
        : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
      eventSource: 'aws:sqs',
      eventSourceARN: this.#arn,
      awsRegion: this.#region,
    };
  }

  async #attributes(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const { Attributes = {} } = await this.#call<{ Attributes?: Readonly<Record<string, string>> }>(
      'GetQueueAttributes',
      { AttributeNames: names },
    );
    return Attributes;
  }

  #call<Output>(operation: string, input: Readonly<Record<string, unknown>>): Promise<Output> {
    return this.#ctx.call<Output>(
      'sqs',
      operation,
      { QueueUrl: this.#url, ...input },
      {
        as: {
          roleArn: this.#role,
          service: SERVICE,
          sessionName: this.#name,
          sourceArn: functionArn(this.#ctx, this.#name),
        },
        region: this.#region,
      },
    );
  }
}

function attributeOf({ StringValue, BinaryValue, DataType }: MessageAttribute): unknown {
  return {
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}

/** What a filter sees: a body that is JSON is looked into. */
export function filterView(record: Readonly<Record<string, unknown>>): unknown {
  const { body } = record;
  if (typeof body !== 'string') return record;
  try {
    return { ...record, body: JSON.parse(body) as unknown };
  } catch {
    return record;
  }
}
