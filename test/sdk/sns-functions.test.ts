import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { AttachRolePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { zipSync } from 'fflate';
import { type Lambent, startLambent } from 'lambent/testing';

let lambent: Lambent;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;
let iam: IAMClient;
let sns: SNSClient;
const notices: string[] = [];

before(async () => {
  lambent = await startLambent({ log: (text) => notices.push(text) });
  const { endpoint, region, credentials } = lambent;
  const config = { endpoint, region, credentials, maxAttempts: 1 };
  lambda = new LambdaClient(config);
  logs = new CloudWatchLogsClient(config);
  iam = new IAMClient(config);
  sns = new SNSClient(config);
});
after(async () => {
  for (const client of [lambda, logs, iam, sns]) client.destroy();
  await lambent.stop();
});

/** What the function printed behind `@@`, once it printed something. */
async function printed(name: string): Promise<Record<string, Record<string, unknown>>> {
  for (let looks = 0; looks < 300; looks++) {
    const page = await logs
      .send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: '"@@"' }))
      .catch(() => undefined);
    const [event] = page?.events ?? [];
    if (event?.message !== undefined) return JSON.parse(event.message.slice(event.message.indexOf('@@') + 2));
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return assert.fail(`${name} printed nothing`);
}

test('a function gets a notification when its policy lets the topic in', async () => {
  const RoleName = 'listener';
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
    }),
  );
  await iam.send(
    new AttachRolePolicyCommand({
      RoleName,
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    }),
  );
  const source = "exports.handler = async ({ Records: [r] }) => { console.log('@@' + JSON.stringify(r)); };";
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'listener',
      Role: Role?.Arn,
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
    }),
  );
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'to-functions' }));
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: FunctionArn }),
  );
  const publish = (Message: string) =>
    sns.send(
      new PublishCommand({
        TopicArn,
        Message,
        MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } },
      }),
    );
  await publish('not allowed');
  await lambent.advance(1);
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'listener',
      StatementId: 'sns',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: TopicArn,
    }),
  );
  const { MessageId } = await publish('hello');
  const record = await printed('listener');
  assert.deepEqual(
    [record['EventSource'], record['EventVersion'], record['EventSubscriptionArn']],
    ['aws:sns', '1.0', SubscriptionArn],
  );
  const { Sns = {} } = record;
  assert.deepEqual(
    [Sns['Type'], Sns['MessageId'], Sns['TopicArn'], Sns['Subject'], Sns['Message']],
    ['Notification', MessageId, TopicArn, null, 'hello'],
  );
  assert.deepEqual(Sns['MessageAttributes'], { n: { Type: 'Number', Value: '1' } });
  assert.match(String(Sns['SigningCertUrl']), /\.pem$/);
  assert.match(notices.join(''), /a message was not delivered to .*listener/);
});
