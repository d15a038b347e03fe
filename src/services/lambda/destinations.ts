import { parseArn } from '../../base/arn.ts';
import type { CallOptions, Context } from '../../service/context.ts';
import { Fault } from '../../service/faults.ts';
import { functionArn } from './reference.ts';
import { SERVICE } from './roles.ts';

interface Delivery {
  readonly destination: string;
  /** The function's execution role: it needs the permission to send. */
  readonly role: string;
  /** The function's name, for the session. */
  readonly name: string;
  /** Of the chain of calls the function ran in. */
  readonly traceHeader?: string | undefined;
}

/** A queue's address as SQS reads it: the path names the account and the queue. */
function queueUrl(ctx: Context, account: string, queue: string): string {
  return `${ctx.endpoint}/${account}/${queue}`;
}

/** `2026/01/31/2026-01-31T23.59.59-<uuid>` */
function objectName(ctx: Context): string {
  const now = new Date(ctx.world.clock.now()).toISOString().slice(0, 19);
  const day = now.slice(0, 10).replaceAll('-', '/');
  return `${day}/${now.replaceAll(':', '.')}-${ctx.world.random.uuid()}`;
}

/** Sends an invocation record. What cannot be delivered is logged and lost, as on AWS. */
export async function deliver(
  ctx: Context,
  delivery: Delivery & {
    readonly record: unknown;
    /** Where the record stands in a bucket. */
    readonly folder: string;
  },
): Promise<void> {
  const { destination, record } = delivery;
  const text = JSON.stringify(record);
  await send(ctx, delivery, async (service, resource, account, call) => {
    switch (service) {
      case 'sqs':
        return call('sqs', 'SendMessage', {
          QueueUrl: queueUrl(ctx, account, resource),
          MessageBody: text,
          ...traceOf(delivery),
        });
      case 'sns':
        return call('sns', 'Publish', { TopicArn: destination, Message: text });
      case 'lambda':
        return call('lambda', 'Invoke', {
          FunctionName: destination,
          InvocationType: 'Event',
          Payload: Buffer.from(text),
        });
      default:
        return call('s3', 'PutObject', {
          Bucket: resource.split('/')[0],
          Key: `${delivery.folder}/${objectName(ctx)}`,
          Body: Buffer.from(text),
        });
    }
  });
}

/** Sends the event itself to the function's dead-letter queue or topic. */
export async function deliverToDeadLetters(
  ctx: Context,
  delivery: Delivery & { readonly event: string; readonly requestId: string; readonly errorMessage: string },
): Promise<void> {
  const { destination, event } = delivery;
  const attributes = {
    RequestID: { DataType: 'String', StringValue: delivery.requestId },
    ErrorCode: { DataType: 'Number', StringValue: '200' },
    ErrorMessage: { DataType: 'String', StringValue: delivery.errorMessage.slice(0, 1024) || '-' },
  };
  await send(ctx, delivery, (service, resource, account, call) =>
    service === 'sns'
      ? call('sns', 'Publish', { TopicArn: destination, Message: event, MessageAttributes: attributes })
      : call('sqs', 'SendMessage', {
          QueueUrl: queueUrl(ctx, account, resource),
          MessageBody: event,
          MessageAttributes: attributes,
          ...traceOf(delivery),
        }),
  );
}

function traceOf({ traceHeader }: Delivery): Readonly<Record<string, unknown>> {
  if (traceHeader === undefined) return {};
  return { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } };
}

async function send(
  ctx: Context,
  { destination, role, name, traceHeader }: Delivery,
  how: (
    service: string,
    resource: string,
    account: string,
    call: (service: string, operation: string, input: unknown) => Promise<unknown>,
  ) => Promise<unknown>,
): Promise<void> {
  const arn = parseArn(destination);
  if (arn === undefined) {
    ctx.log('warn', `${name}: ${destination} is not a destination`);
    return;
  }
  const options: CallOptions = {
    as: { roleArn: role, service: SERVICE, sessionName: name, sourceArn: functionArn(ctx, name) },
    account: arn.account === '' ? ctx.account : arn.account,
    region: arn.region === '' ? ctx.region : arn.region,
    traceHeader,
  };
  try {
    await how(arn.service, arn.resource, arn.account, (service, operation, input) =>
      ctx.call(service, operation, input, options),
    );
  } catch (error) {
    if (!Fault.is(error)) throw error;
    ctx.log('warn', `${name}: nothing was delivered to ${destination}`, {
      error: error.code,
      message: error.message,
    });
  }
}
