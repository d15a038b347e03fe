import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import {
  AddPermissionCommand,
  ConfirmSubscriptionCommand,
  CreatePlatformApplicationCommand,
  CreateTopicCommand,
  GetPlatformApplicationAttributesCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  type MessageAttributeValue,
  OptInPhoneNumberCommand,
  PublishBatchCommand,
  PublishCommand,
  SetEndpointAttributesCommand,
  SetSMSAttributesCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { withLambent } from '../support/clients.ts';
import { refuses } from '../support/refusals.ts';

const lambent = await withLambent();
const sns = lambent.client(SNSClient);
const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'plain' }));
const { TopicArn: fifoArn = '' } = await sns.send(
  new CreateTopicCommand({ Name: 'ordered.fifo', Attributes: { FifoTopic: 'true' } }),
);
const queueArn = 'arn:aws:sqs:us-east-1:000000000000:somewhere';

/** What AWS was seen to answer. */
const invalid = (what: string) => refuses('InvalidParameterException', `Invalid parameter: ${what}`);

test('ARNs are refused in AWS’s words', async () => {
  const attributes = (arn: string) => sns.send(new GetTopicAttributesCommand({ TopicArn: arn }));
  await assert.rejects(
    attributes('x'),
    invalid('TopicArn Reason: An ARN must have at least 6 elements, not 1'),
  );
  await assert.rejects(attributes('arn:aws:sns:eu-west-1:000000000000:plain'), invalid('TopicArn'));
  const unsubscribe = (SubscriptionArn: string) => sns.send(new UnsubscribeCommand({ SubscriptionArn }));
  await assert.rejects(
    unsubscribe('random'),
    invalid('SubscriptionArn Reason: An ARN must have at least 6 elements, not 1'),
  );
  await assert.rejects(unsubscribe('arn:aws:sns:us-east-1:111111111111:random'), invalid('SubscriptionId'));
  await assert.rejects(unsubscribe(''), invalid('SubscriptionArn Reason: no value for required parameter'));
  const confirm = (arn: string, Token: string) =>
    sns.send(new ConfirmSubscriptionCommand({ TopicArn: arn, Token }));
  await assert.rejects(
    confirm(TopicArn, 'randomtoken'),
    refuses('InvalidParameterException', 'Invalid token'),
  );
  await assert.rejects(confirm(`${TopicArn}s`, 'ab'.repeat(64)), invalid('Token'));
});

test('attributes of messages are refused in AWS’s words', async () => {
  const publish = (name: string, attribute: MessageAttributeValue) =>
    sns.send(new PublishCommand({ TopicArn, Message: 'm', MessageAttributes: { [name]: attribute } }));
  const text = { DataType: 'String', StringValue: 'x' };
  for (const [name, attribute, message] of [
    [
      'a',
      { DataType: 'String', BinaryValue: Buffer.from('x') },
      "The message attribute 'a' with type 'String' must use field 'String'.",
    ],
    [
      'a',
      { DataType: 'Binary', StringValue: 'x' },
      "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
    ],
    ['a'.repeat(257), text, 'Length of message attribute name must be less than 256 bytes.'],
    [
      'a^*?',
      text,
      "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
    ],
    ['.abc', text, "Invalid message attribute name starting with character '.' was found."],
    ['abc.', text, "Invalid message attribute name ending with character '.' was found."],
    ['a..bc', text, "Message attribute name can not have successive '.' character."],
  ] as const) {
    await assert.rejects(publish(name, attribute), refuses('InvalidParameterValueException', message));
  }
  await publish('AWS.SNS.SMS.SenderID', text);
});

test('one bad entry spoils a batch', async () => {
  const batch = (arn: string, ...entries: readonly Record<string, string>[]) =>
    sns.send(
      new PublishBatchCommand({
        TopicArn: arn,
        PublishBatchRequestEntries: entries.map((entry) => ({ Id: '1', Message: 'm', ...entry })),
      }),
    );
  await assert.rejects(
    batch(fifoArn, {}),
    invalid('The MessageGroupId parameter is required for FIFO topics'),
  );
  await assert.rejects(
    batch(TopicArn, { Id: 'message.id' }),
    refuses(
      'InvalidBatchEntryIdException',
      'The Id of a batch entry in the batch request contains an impermissible character: message.id',
    ),
  );
  await assert.rejects(
    batch(TopicArn, { Id: 'a'.repeat(81) }),
    refuses('InvalidBatchEntryIdException', /^The Id of a batch entry in the batch request is too long: a+$/),
  );
  await assert.rejects(
    batch(TopicArn, { Message: 'x'.repeat(200_000) }, { Id: '2', Message: 'x'.repeat(100_000) }),
    refuses(
      'BatchRequestTooLongException',
      'The length of all the messages put together is more than the limit.',
    ),
  );
});

test('attributes of subscriptions are refused in AWS’s words', async () => {
  const subscribe = (Attributes: Record<string, string>) =>
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn, Attributes }));
  await assert.rejects(
    subscribe({ RawMessageDelivery: 'wrong' }),
    invalid('Attributes Reason: RawMessageDelivery: Invalid value [wrong]. Must be true or false.'),
  );
  const { SubscriptionArn } = await subscribe({});
  const set = (AttributeName: string, AttributeValue: string) =>
    sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  await assert.rejects(
    set('RawMessageDelivery', ''),
    invalid('RawMessageDelivery: Invalid value []. Must be true or false.'),
  );
  await assert.rejects(
    set('RedrivePolicy', '{"deadLetterTargetArn":"fake"}'),
    invalid('RedrivePolicy: deadLetterTargetArn is an invalid arn'),
  );
  await assert.rejects(
    set('FilterPolicyScope', 'RandomValue'),
    invalid(
      'FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes',
    ),
  );
  await assert.rejects(set('Fake', 'x'), invalid('AttributeName'));
  const fifo = await sns.send(
    new SubscribeCommand({ TopicArn: fifoArn, Protocol: 'sqs', Endpoint: `${queueArn}.fifo` }),
  );
  await assert.rejects(
    sns.send(
      new SetSubscriptionAttributesCommand({
        SubscriptionArn: fifo.SubscriptionArn,
        AttributeName: 'RedrivePolicy',
        AttributeValue: JSON.stringify({ deadLetterTargetArn: queueArn }),
      }),
    ),
    invalid('RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.'),
  );
  for (const Endpoint of ['+15--551234567', 'NAA+15551234567', '+15551234567.', '/+15551234567']) {
    await assert.rejects(
      sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sms', Endpoint })),
      refuses('InvalidParameterException', `Invalid SMS endpoint: ${Endpoint}`),
    );
  }
});

test('text messages, permissions and platforms are refused in AWS’s words', async () => {
  const settings = (attributes: Record<string, string>) =>
    sns.send(new SetSMSAttributesCommand({ attributes }));
  await assert.rejects(
    settings({ InvalidAttribute: 'x' }),
    refuses('InvalidParameterException', 'InvalidAttribute is not a valid attribute'),
  );
  await assert.rejects(
    settings({ DefaultSMSType: 'invalid' }),
    refuses('InvalidParameterException', 'DefaultSMSType is invalid'),
  );
  await assert.rejects(
    sns.send(new OptInPhoneNumberCommand({ phoneNumber: 'invalid' })),
    invalid('PhoneNumber Reason: input incorrectly formatted'),
  );
  await assert.rejects(
    sns.send(
      new AddPermissionCommand({ TopicArn, Label: 'l', AWSAccountId: ['000000000000'], ActionName: ['Fly'] }),
    ),
    invalid('Policy statement action out of service scope!'),
  );
  const make = (Name: string, Platform: string, Attributes: Record<string, string>) =>
    sns.send(new CreatePlatformApplicationCommand({ Name, Platform, Attributes }));
  const both = { PlatformPrincipal: 'p', PlatformCredential: 'c' };
  await assert.rejects(make('', 'ADM', both), invalid(' Reason: cannot be empty'));
  await assert.rejects(
    make('@name', 'ADM', both),
    invalid("@name Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'"),
  );
  await assert.rejects(make('n', 'AAA', both), invalid('Platform Reason: AAA is not supported'));
  await assert.rejects(
    make('n', 'ADM', { PlatformPrincipal: 'p' }),
    invalid('Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential'),
  );
  await assert.rejects(
    make('n', 'ADM', { PlatformCredential: 'c' }),
    invalid('Attributes Reason: PlatformCredential attribute provided without PlatformPrincipal'),
  );
  const app = 'arn:aws:sns:us-east-1:000000000000:app/ADM/none';
  await assert.rejects(
    sns.send(new GetPlatformApplicationAttributesCommand({ PlatformApplicationArn: app })),
    refuses('NotFoundException', 'PlatformApplication does not exist'),
  );
  await assert.rejects(
    sns.send(new SetEndpointAttributesCommand({ EndpointArn: app, Attributes: { Enabled: 'true' } })),
    invalid('EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.'),
  );
  await assert.rejects(
    sns.send(
      new PublishCommand({
        TargetArn: 'arn:aws:sns:us-east-1:000000000000:endpoint/ADM/none/0',
        Message: 'm',
      }),
    ),
    invalid('TargetArn Reason: No endpoint found for the target arn specified'),
  );
});

test('what is created twice, and attributes in any spelling', async () => {
  const Tags = [
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
  ];
  const make = (tags?: typeof Tags) => sns.send(new CreateTopicCommand({ Name: 'twice', Tags: tags }));
  const { TopicArn: arn } = await make(Tags);
  for (const tags of [Tags, Tags.slice(1), [], undefined]) assert.equal((await make(tags)).TopicArn, arn);
  await assert.rejects(
    make([{ Key: 'a', Value: '2' }]),
    invalid('Tags Reason: Topic already exists with different tags'),
  );
  await assert.rejects(
    sns.send(new CreateTopicCommand({ Name: 'twice', Attributes: { FifoTopic: 'true' } })),
    invalid('Topic Name'),
  );
  const subscribe = async (Attributes?: Record<string, string>) => {
    const input = { TopicArn: arn, Protocol: 'sqs', Endpoint: queueArn, ReturnSubscriptionArn: true };
    return (await sns.send(new SubscribeCommand({ ...input, Attributes }))).SubscriptionArn;
  };
  const SubscriptionArn = await subscribe({ RawMessageDelivery: 'TrUe', FilterPolicyScope: 'MessageBody' });
  const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  assert.equal(Attributes?.['RawMessageDelivery'], 'true');
  assert.equal(Attributes?.['FilterPolicyScope'], undefined);
  for (const attributes of [undefined, {}, { RawMessageDelivery: 'true' }]) {
    assert.equal(await subscribe(attributes), SubscriptionArn);
  }
  await assert.rejects(
    subscribe({ RawMessageDelivery: 'false' }),
    invalid('Attributes Reason: Subscription already exists with different attributes'),
  );
  await assert.rejects(
    subscribe({ FilterPolicy: '{"key":{"suffix":"value"}}', RawMessageDelivery: 'true' }),
    invalid('Attributes Reason: FilterPolicy: "suffix" must be an object or an array'),
  );
});

test('a subscription that waits for its confirmation cannot be ended', async () => {
  const input = { TopicArn, Protocol: 'email', Endpoint: 'a@example.com', ReturnSubscriptionArn: true };
  const { SubscriptionArn } = await sns.send(new SubscribeCommand(input));
  await assert.rejects(
    sns.send(new UnsubscribeCommand({ SubscriptionArn })),
    refuses('InvalidParameterException'),
  );
});
