import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { IAMClient } from '@aws-sdk/client-iam';
import * as sdk from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { withLambent } from '../support/clients.ts';
import { isHere } from '../support/programs.ts';
import { makeFunctionRole } from '../support/roles.ts';
import { LONG } from '../support/tier.ts';

const lambent = await withLambent();
const lambda = lambent.client(sdk.LambdaClient);
const { isolation } = (await (await fetch(`${lambent.endpoint}/_lambent/health`)).json()) as {
  isolation: string;
};
const skip = isolation.includes('amazonaws.com lead here')
  ? false
  : 'needs a sandbox, and ports below 1024 for this process';

function lacksBoto3(): string | false {
  try {
    execFileSync('python3', ['-c', 'import boto3'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'no python3 with boto3';
  }
}

let role = '';
before(async () => {
  role = await makeFunctionRole(lambent.client(IAMClient), 'names', 'AWSLambdaBasicExecutionRole');
});

async function run(
  name: string,
  file: string,
  source: string,
  runtime: sdk.Runtime,
  more: Partial<sdk.CreateFunctionCommandInput> = {},
): Promise<unknown> {
  await lambda.send(
    new sdk.CreateFunctionCommand({
      FunctionName: name,
      Role: role,
      Runtime: runtime,
      Handler: 'index.handler',
      Timeout: 20,
      Code: { ZipFile: zipSync({ [file]: Buffer.from(source) }) },
      ...more,
    }),
  );
  const { Payload } = await lambda.send(new sdk.InvokeCommand({ FunctionName: name }));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

test('names of AWS lead here from inside a function, with certificates it trusts', { skip }, async () => {
  const seen = await run(
    'node',
    'index.mjs',
    `import { connect } from 'node:tls';
import { lookup, resolve4, resolve6 } from 'node:dns/promises';
const open = (host) => new Promise((resolve) => {
  const socket = connect({ host, port: 443, servername: host }, () => { resolve([socket.authorized, socket.getPeerCertificate().subjectaltname]); socket.destroy(); });
  socket.on('error', (error) => resolve([error.code]));
});
export const handler = async () => ({
  address: (await lookup('bucket.name.s3.eu-west-1.amazonaws.com')).address,
  resolved: await resolve4('STS.amazonaws.com'),
  six: await resolve6('sts.amazonaws.com').catch((error) => error.code),
  own: (await lookup('localhost', 4)).address,
  opened: await open('bucket.name.s3.eu-west-1.amazonaws.com'),
  health: (await (await fetch('https://sts.us-east-1.amazonaws.com/_lambent/health')).json()).status,
  inbox: (await fetch('https://sts.us-east-1.amazonaws.com/_lambent/inbox')).status,
  plain: (await fetch(process.env.AWS_ENDPOINT_URL + '/_lambent/inbox', { headers: { accept: 'application/json' } })).status,
  clock: (await fetch('https://sts.us-east-1.amazonaws.com/_lambent/clock', { method: 'POST', body: '{"advanceSeconds":60}' })).status,
});`,
    'nodejs22.x',
  );
  const { address, resolved, ...rest } = seen as { address: string; resolved: string[] };
  assert.match(address, /^127\.76\.\d+\.\d+$/);
  assert.deepEqual(resolved, [address]);
  assert.deepEqual(rest, {
    six: 'ENODATA',
    own: '127.0.0.1',
    opened: [true, 'DNS:bucket.name.s3.eu-west-1.amazonaws.com'],
    health: 'running',
    inbox: 403,
    plain: 403,
    clock: 403,
  });
});

test('an SDK that knows no AWS_ENDPOINT_URL calls as the role', { skip: skip || lacksBoto3() }, async () => {
  assert.deepEqual(
    await run(
      'python',
      'index.py',
      `import os, boto3
del os.environ['AWS_ENDPOINT_URL']
def handler(event, context):
    return boto3.client('sts').get_caller_identity()['Arn'].rsplit('/', 1)[0]
`,
      'python3.12',
    ),
    'arn:aws:sts::000000000000:assumed-role/names',
  );
  const { Events = [] } = await lambent.client(CloudTrailClient).send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'GetCallerIdentity' }],
    }),
  );
  const { tlsDetails } = JSON.parse(Events[0]?.CloudTrailEvent ?? '{}');
  assert.match(tlsDetails?.tlsVersion, /^TLSv1\.[23]$/);
  assert.match(tlsDetails?.clientProvidedHostHeader, /^sts\..*amazonaws\.com$/);
});

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
test('programs that ask the system whom to trust trust it', {
  skip: skip || (!isHere('curl') || !existsSync(BUNDLE) ? 'no curl' : false),
}, async () => {
  const answer = await run(
    'curl',
    'index.js',
    `exports.handler = async () => require('child_process').execFileSync('curl', ['-sS', 'https://dynamodb.eu-west-1.amazonaws.com/_lambent/health'], { env: { PATH: process.env.PATH } }).toString();`,
    'nodejs22.x',
  );
  assert.match(String(answer), /"status":"running"/);
});

const javaSkip = !LONG ? 'one of the long tests: four starts of Java' : isHere('javac') ? false : 'no javac';
test('Java trusts it, too', { skip: skip || javaSkip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lambent-java-'));
  try {
    const source = join(folder, 'App.java');
    writeFileSync(
      source,
      `import java.net.*; import java.util.*;
public class App {
  public static String health(Map<String, Object> event) throws Exception {
    try (Scanner in = new Scanner(new URL("https://s3.eu-west-1.amazonaws.com/_lambent/health").openStream())) { return in.nextLine(); }
  }
}`,
    );
    execFileSync('javac', ['-d', folder, source]);
    const classes = zipSync({ 'App.class': readFileSync(join(folder, 'App.class')) });
    const created = { Code: { ZipFile: classes }, Handler: 'App::health', MemorySize: 512 };
    assert.match(String(await run('java', '', '', 'java17', created)), /"status":"running"/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
