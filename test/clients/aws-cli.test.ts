import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type Lambent, startLambent } from 'lambent/testing';
import { packageFolder } from '../../src/base/package-folder.ts';
import { packageTemplate } from '../../src/cli/package.ts';
import { isHere } from '../support/programs.ts';
import { LONG } from '../support/tier.ts';

const run = promisify(execFile);
const skip = isHere('aws') ? false : 'the AWS CLI (aws) is not on the PATH';

let lambent: Lambent;
let folder: string;
before(async () => {
  if (skip) return;
  lambent = await startLambent();
  folder = mkdtempSync(join(tmpdir(), 'lambent-cli-'));
});
after(async () => {
  if (skip) return;
  await lambent.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the CLI in the test's folder; `--endpoint-url`, since not every version knows the variable. */
async function aws(...words: string[]): Promise<string> {
  const { stdout } = await run('aws', [...words, '--endpoint-url', lambent.endpoint], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_PAGER: '',
      AWS_ENDPOINT_URL: lambent.endpoint,
      AWS_MAX_ATTEMPTS: '1',
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function awsJson<T>(...words: string[]): Promise<T> {
  return JSON.parse(await aws(...words, '--output', 'json')) as T;
}

test('sts, iam and dynamodb', { skip }, async () => {
  assert.equal(
    await aws('sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text'),
    'arn:aws:iam::000000000000:root\n',
  );
  await aws('iam', 'create-user', '--user-name', 'ada');
  const { AccessKey } = await awsJson<{ AccessKey: { AccessKeyId: string } }>(
    'iam',
    'create-access-key',
    '--user-name',
    'ada',
  );
  assert.match(AccessKey.AccessKeyId, /^AKIA[A-Z0-9]{16}$/);
  await aws(
    'dynamodb',
    'create-table',
    '--table-name',
    'Music',
    '--billing-mode',
    'PAY_PER_REQUEST',
    '--attribute-definitions',
    'AttributeName=Artist,AttributeType=S',
    '--key-schema',
    'AttributeName=Artist,KeyType=HASH',
  );
  await aws(
    'dynamodb',
    'put-item',
    '--table-name',
    'Music',
    '--item',
    '{"Artist":{"S":"Ada"},"plays":{"N":"1"}}',
  );
  const { Items } = await awsJson<{ Items: unknown[] }>(
    'dynamodb',
    'query',
    '--table-name',
    'Music',
    '--key-condition-expression',
    'Artist = :a',
    '--expression-attribute-values',
    '{":a":{"S":"Ada"}}',
  );
  assert.deepEqual(Items, [{ Artist: { S: 'Ada' }, plays: { N: '1' } }]);
});

test('s3: mb, cp in one part and in several, ls, rm, rb', { skip }, async () => {
  await aws('s3', 'mb', 's3://cli-bucket');
  writeFileSync(join(folder, 'small.txt'), 'hello');
  const large = Buffer.alloc(9 * 1024 * 1024, 'lambent ');
  writeFileSync(join(folder, 'large.bin'), large);
  await aws('s3', 'cp', 'small.txt', 's3://cli-bucket/a/small.txt');
  await aws('s3', 'cp', 'large.bin', 's3://cli-bucket/large.bin');
  assert.match(
    await aws('s3', 'ls', 's3://cli-bucket', '--recursive'),
    /5 a\/small\.txt\n.*9437184 large\.bin\n/,
  );
  await aws('s3', 'cp', 's3://cli-bucket/large.bin', 'back.bin');
  assert.ok(readFileSync(join(folder, 'back.bin')).equals(large));
  await aws('s3', 'rb', 's3://cli-bucket', '--force');
  assert.equal(await aws('s3', 'ls'), '');
});

/**
 * `package` takes its bucket's address from AWS_ENDPOINT_URL alone: a CLI from before that variable (2.13) uploads to AWS
 * whatever `--endpoint-url` says. There the artifacts go up by `s3 cp`.
 */
async function packageRides(): Promise<void> {
  try {
    await aws(
      ...['cloudformation', 'package', '--template-file', 'rides/template.yaml'],
      ...['--s3-bucket', 'artifacts', '--output-template-file', 'packaged.yaml'],
    );
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    if (!stderr?.includes('Could not connect to the endpoint URL: "https://artifacts.s3.')) throw error;
    const { text, artifacts } = packageTemplate(join(folder, 'rides/template.yaml'), 'artifacts');
    writeFileSync(join(folder, 'packaged.yaml'), text);
    for (const { key, bytes } of artifacts) {
      writeFileSync(join(folder, key), bytes());
      await aws('s3', 'cp', key, `s3://artifacts/${key}`);
    }
  }
}

test('the example: package, deploy, describe, invoke, logs, cognito, delete', {
  skip:
    skip || (LONG ? false : 'the CLI waits half a minute between its looks at a stack: npm run test:long'),
}, async () => {
  cpSync(join(packageFolder(), 'examples/rides'), join(folder, 'rides'), { recursive: true });
  await aws('s3', 'mb', 's3://artifacts');
  await packageRides();
  await aws(
    'cloudformation',
    'deploy',
    '--template-file',
    'packaged.yaml',
    '--stack-name',
    'rides',
    '--capabilities',
    'CAPABILITY_IAM',
    'CAPABILITY_AUTO_EXPAND',
  );
  const { Stacks } = await awsJson<{
    Stacks: { StackStatus: string; Outputs: { OutputKey: string; OutputValue: string }[] }[];
  }>('cloudformation', 'describe-stacks', '--stack-name', 'rides');
  assert.equal(Stacks[0]?.StackStatus, 'CREATE_COMPLETE');
  const outputs = Object.fromEntries(
    Stacks[0]?.Outputs.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]) ?? [],
  );
  assert.match(
    await aws('cloudformation', 'describe-stack-events', '--stack-name', 'rides', '--output', 'text'),
    /CREATE_COMPLETE/,
  );
  const name = (
    await aws(
      'cloudformation',
      'describe-stack-resource',
      '--stack-name',
      'rides',
      '--logical-resource-id',
      'FleetFunction',
      '--query',
      'StackResourceDetail.PhysicalResourceId',
      '--output',
      'text',
    )
  ).trim();
  const invoked = await awsJson<{ StatusCode: number; LogResult: string }>(
    'lambda',
    'invoke',
    '--function-name',
    name,
    '--log-type',
    'Tail',
    'out.json',
  );
  assert.equal(invoked.StatusCode, 200);
  assert.match(
    Buffer.from(invoked.LogResult, 'base64').toString('utf8'),
    /START RequestId: [\s\S]*REPORT RequestId: /,
  );
  assert.match(
    await aws('logs', 'filter-log-events', '--log-group-name', `/aws/lambda/${name}`, '--output', 'text'),
    /REPORT RequestId/,
  );
  const client = String(outputs['UserPoolClientId']);
  await aws(
    'cognito-idp',
    'sign-up',
    '--client-id',
    client,
    '--username',
    'rider@example.com',
    '--password',
    'Sandwich1!',
    '--user-attributes',
    'Name=email,Value=rider@example.com',
  );
  const inbox = (await (
    await fetch(`${lambent.endpoint}/_lambent/inbox`, { headers: { accept: 'application/json' } })
  ).json()) as {
    messages: { to: string; text: string }[];
  };
  const code =
    /\d{6}/.exec(inbox.messages.find(({ to }) => to === 'rider@example.com')?.text ?? '')?.[0] ?? '';
  await aws(
    'cognito-idp',
    'confirm-sign-up',
    '--client-id',
    client,
    '--username',
    'rider@example.com',
    '--confirmation-code',
    code,
  );
  const { AuthenticationResult } = await awsJson<{ AuthenticationResult: { IdToken: string } }>(
    'cognito-idp',
    'initiate-auth',
    '--client-id',
    client,
    '--auth-flow',
    'USER_PASSWORD_AUTH',
    '--auth-parameters',
    'USERNAME=rider@example.com,PASSWORD=Sandwich1!',
  );
  const ride = await fetch(`${outputs['ApiUrl']}/ride`, {
    method: 'POST',
    headers: { authorization: AuthenticationResult.IdToken },
    body: JSON.stringify({ PickupLocation: { Latitude: 1, Longitude: 2 } }),
  });
  assert.equal(ride.status, 201);
  assert.match(await aws('apigateway', 'get-rest-apis', '--output', 'text'), /rides/);
  await aws('cloudformation', 'delete-stack', '--stack-name', 'rides');
  await aws('cloudformation', 'wait', 'stack-delete-complete', '--stack-name', 'rides');
  await assert.rejects(
    aws('cloudformation', 'describe-stacks', '--stack-name', 'rides'),
    /Stack with id rides does not exist/,
  );
});
