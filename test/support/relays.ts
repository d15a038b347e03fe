import { AttachRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { makeFunction } from './functions.ts';
import { makeFunctionRole } from './roles.ts';

export const TOPIC = 'arn:aws:sns:us-east-1:000000000000:news';
export const QUEUES = ['ran', 'told', 'sent'] as const;
const arn = (queue: string) => `arn:aws:sqs:us-east-1:000000000000:${queue}`;

export type RelayClients = ReturnType<typeof relayClients>;

/** Root's clients of the server at `endpoint`. */
export function relayClients(endpoint: string) {
  const options = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  return {
    lambda: new LambdaClient(options),
    sns: new SNSClient(options),
    sqs: new SQSClient(options),
    iam: new IAMClient(options),
  };
}

/** The function `runner` whose successes go to the queue `ran`, the topic `news` with the queue `told`, and `sent`. */
export async function prepareRelays({ lambda, sns, sqs, iam }: RelayClients): Promise<void> {
  const role = await makeFunctionRole(iam, 'runner', 'AWSLambdaBasicExecutionRole');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonSQSFullAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'runner', PolicyArn }));
  for (const QueueName of QUEUES) {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: arn(QueueName) },
    ];
    const Attributes = { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) };
    await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  }
  await makeFunction(lambda, 'runner', role, 'exports.handler = async () => null;');
  await lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'runner',
      DestinationConfig: { OnSuccess: { Destination: arn('ran') } },
    }),
  );
  await sns.send(new CreateTopicCommand({ Name: 'news' }));
  const Attributes = { RawMessageDelivery: 'true' };
  await sns.send(
    new SubscribeCommand({ TopicArn: TOPIC, Protocol: 'sqs', Endpoint: arn('told'), Attributes }),
  );
}

/** Takes out of a queue what is in it. */
export async function drain(sqs: SQSClient, endpoint: string, queue: string): Promise<readonly string[]> {
  const QueueUrl = `${endpoint}/000000000000/${queue}`;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
  );
  if (Messages.length === 0) return [];
  await sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl,
      Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
    }),
  );
  return Messages.map(({ Body = '' }) => Body);
}
