import type { Context } from '../../service/context.ts';
import { unsubscribeUrl } from './address.ts';
import type { DeliveryRow, TopicRow } from './layout.ts';
import { shownAttributes } from './message-attribute.ts';
import { type SignatureVersion, signFields } from './signature.ts';
import { type SubscriptionName, subscriptionArn, topicArn } from './topic.ts';

/** Everything a notification is made of. */
export interface Delivered {
  readonly name: SubscriptionName;
  readonly topic: TopicRow;
  readonly delivery: DeliveryRow;
  readonly message: string;
}

export function signatureVersionOf(topic: TopicRow): SignatureVersion {
  return topic.attributes['SignatureVersion'] === '2' ? '2' : '1';
}

function fieldsOf({ name, delivery, message }: Delivered) {
  return {
    Type: 'Notification',
    MessageId: delivery.messageId,
    TopicArn: topicArn(name.topic),
    Subject: delivery.subject,
    Message: message,
    Timestamp: new Date(delivery.atMs).toISOString(),
  };
}

/**
 * The JSON document that queues, HTTP endpoints and mail programs get.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
export async function notificationJson(ctx: Context, delivered: Delivered): Promise<string> {
  const { name, topic, delivery } = delivered;
  const fields = fieldsOf(delivered);
  // What a FIFO topic sends is not signed.
  const signature = topic.fifo ? {} : await signFields(ctx, signatureVersionOf(topic), fields);
  const { Type, MessageId, TopicArn, Subject, Message, Timestamp } = fields;
  return JSON.stringify(
    {
      Type,
      MessageId,
      ...(delivery.sequence === undefined ? {} : { SequenceNumber: delivery.sequence }),
      TopicArn,
      ...(Subject === undefined ? {} : { Subject }),
      Message,
      Timestamp,
      ...signature,
      UnsubscribeURL: unsubscribeUrl(ctx, subscriptionArn(name)),
      ...(delivery.replayed === true ? { Replayed: 'true' } : {}),
      ...(delivery.attributes === undefined
        ? {}
        : { MessageAttributes: shownAttributes(delivery.attributes) }),
    },
    undefined,
    2,
  );
}

/** The event a function gets. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export async function lambdaEvent(ctx: Context, delivered: Delivered): Promise<string> {
  const { name, topic, delivery } = delivered;
  const fields = fieldsOf(delivered);
  const signature = await signFields(ctx, signatureVersionOf(topic), fields);
  const arn = subscriptionArn(name);
  return JSON.stringify({
    Records: [
      {
        EventSource: 'aws:sns',
        EventVersion: '1.0',
        EventSubscriptionArn: arn,
        Sns: {
          Type: fields.Type,
          MessageId: fields.MessageId,
          TopicArn: fields.TopicArn,
          Subject: fields.Subject ?? null,
          Message: fields.Message,
          Timestamp: fields.Timestamp,
          // AWS says so to functions even where the signature is a 2.
          SignatureVersion: '1',
          Signature: signature.Signature,
          SigningCertUrl: signature.SigningCertURL,
          UnsubscribeUrl: unsubscribeUrl(ctx, arn),
          MessageAttributes: shownAttributes(delivery.attributes),
        },
      },
    ],
  });
}
