import { strict as assert } from 'node:assert';
import { after, before, test } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  GetServerCertificateCommand,
  GetUserCommand,
  IAMClient,
  PutUserPolicyCommand,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam';
import type { RecordedDecision } from '../../src/service/audit.ts';
import { type Lambent, startLambent } from '../../src/testing/index.ts';
import type { SigningCredentials } from '../../src/wire/sigv4-client.ts';
import { selfSigned } from '../support/certificate.ts';
import { clientProtocol } from '../support/client-encoder.ts';
import { type AskedOperation, askedOperations, learnedFrom } from '../support/operation-inputs.ts';
import { callSigned, closeConnections, type WireAnswer } from '../support/signing-caller.ts';

/**
 * Every operation there is, asked over HTTP by a user without a policy, by one with an explicit deny, and by one who
 * may do everything.
 */
let lambent: Lambent;
const log: string[] = [];
let nobody: SigningCredentials;
let barred: SigningCredentials;
let anybody: SigningCredentials;
let operations: readonly AskedOperation[];

const EVERYTHING = { Action: '*', Resource: '*' };
const ALLOW = { Effect: 'Allow', ...EVERYTHING };
const DENY = { Effect: 'Deny', ...EVERYTHING };

before(async () => {
  lambent = await startLambent({
    log: (text) => {
      if (text.includes('internal failure')) log.push(text);
    },
  });
  const { endpoint, region, credentials } = lambent;
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  const iam = new IAMClient(options);
  const user = async (UserName: string, statements: readonly object[]): Promise<SigningCredentials> => {
    await iam.send(new CreateUserCommand({ UserName }));
    if (statements.length > 0) {
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'own', PolicyDocument }));
    }
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    assert.ok(AccessKey?.AccessKeyId !== undefined && AccessKey.SecretAccessKey !== undefined);
    return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  };
  nobody = await user('nobody', []);
  barred = await user('barred', [ALLOW, DENY]);
  anybody = await user('anybody', [ALLOW]);
  await seed(credentials);
  operations = askedOperations(learnedFrom(made));
});
after(async () => {
  closeConnections();
  await lambent.stop();
});

/** What was answered to operations that make things. */
const made = new Map<string, string>();

/**
 * What denials depend on: S3 tells everybody that there is no such bucket, Organizations everybody of a member that it
 * is one, who may assume a role is for the role to say. And what has an id nobody can foretell.
 */
const SEEDS = [
  's3.CreateBucket',
  's3.PutBucketPolicy',
  'iam.CreateRole',
  'organizations.CreateOrganization',
  'organizations.ListRoots',
  'apigateway.CreateRestApi',
  'apigateway.PutMethod',
  'apigateway.PutIntegration',
  'cognito-idp.CreateUserPool',
];

async function seed(root: SigningCredentials): Promise<void> {
  for (const name of SEEDS) {
    const asked = askedOperations(learnedFrom(made)).find((operation) => operation.name === name);
    assert.ok(asked !== undefined, name);
    const answer = await callSigned(lambent.port, root, asked);
    assert.ok(answer.status < 300, `${name}: ${shown(answer)}`);
    made.set(name, answer.text);
  }
}

/** Operations that everybody who signs may call, and why. */
const OPEN: Readonly<Record<string, string>> = {
  'sts.GetCallerIdentity':
    'everybody may ask who they are: AWS asks for no permission, and a deny has no effect',
  'sts.GetSessionToken': 'policies do not control authentication, AWS says, and asks for no permission',
};

/** Operations that let a denied caller know otherwise, and why. */
const DENIED_OTHERWISE: Readonly<
  Record<string, { readonly reason: string; readonly status: number; readonly words?: RegExp }>
> = {
  's3.DeleteObjects': {
    reason: 'each key is authorised and answered alone',
    status: 200,
    words: /<Error><Key>example<\/Key><Code>AccessDenied<\/Code>/,
  },
  's3.HeadBucket': { reason: 'a HEAD has no body to carry words in', status: 403 },
  's3.HeadObject': { reason: 'a HEAD has no body to carry words in', status: 403 },
};

/** Operations that a permission does not suffice for, and why: denied after a decision that allowed. */
const MORE_THAN_A_PERMISSION: Readonly<Record<string, string>> = {
  'sts.AssumeRoot': 'only roots of an organization’s members, where it turned root sessions on',
};

/** Of every operation, or of those given: one after the other within a service, the services side by side. */
async function failuresOf(
  check: (operation: AskedOperation) => Promise<string | undefined>,
  asked: readonly AskedOperation[] = operations,
): Promise<readonly string[]> {
  const byService = new Map<string, AskedOperation[]>();
  for (const operation of asked) {
    const [service = ''] = operation.name.split('.');
    const own = byService.get(service);
    if (own === undefined) byService.set(service, [operation]);
    else own.push(operation);
  }
  const failures: string[] = [];
  await Promise.all(
    [...byService.values()].map(async (own) => {
      for (const operation of own) {
        const failure = await check(operation);
        if (failure !== undefined) failures.push(`${operation.name}: ${failure}`);
      }
    }),
  );
  return failures.sort();
}

function shown({ status, code, text }: WireAnswer): string {
  return `${status} ${code} ${text.slice(0, 300)}`;
}

const DENIALS = new Set(['AccessDenied', 'AccessDeniedException', 'AuthorizationError']);

/** Denied, or broken: what no answer to one who may do everything is. */
function isWrong({ status, code }: WireAnswer): boolean {
  return DENIALS.has(code) || (status === 403 && code === '') || (status >= 500 && status !== 501);
}

/** The status and code of a denial, by protocol; SNS has a code of its own, and SQS kept the status of its queries. */
function denialOf(
  { name, model }: AskedOperation,
  protocol = clientProtocol(model),
): { readonly status: number; readonly code: string } {
  if (name.startsWith('sns.')) return { status: 403, code: 'AuthorizationError' };
  if (protocol === 'json' && name.startsWith('sqs.')) return { status: 403, code: 'AccessDeniedException' };
  if (protocol === 'json') return { status: 400, code: 'AccessDeniedException' };
  return { status: 403, code: protocol === 'rest-json' ? 'AccessDeniedException' : 'AccessDenied' };
}

function denialFailure(
  asked: AskedOperation,
  userName: string,
  reason: string,
  answer: WireAnswer,
  protocol = clientProtocol(asked.model),
): string | undefined {
  const { status, code } = denialOf(asked, protocol);
  const otherwise = DENIED_OTHERWISE[asked.name];
  if (otherwise !== undefined) {
    const fits = answer.status === otherwise.status && (otherwise.words?.test(answer.text) ?? true);
    return fits ? undefined : shown(answer);
  }
  const words = new RegExp(
    `User: arn:aws:iam::000000000000:user/${userName} is not authorized to perform: ([a-z0-9-]+:[A-Za-z]+) on resource: .+? ${reason}`,
  );
  return answer.status === status && answer.code === code && words.test(answer.text)
    ? undefined
    : shown(answer);
}

/** What `nobody` was told while nothing was there. */
const answers = new Map<string, string>();

function withoutRequestId({ status, text, requestId }: WireAnswer): string {
  return `${status} ${text.replaceAll(requestId, '').replace(/<HostId>[^<]*/, '')}`;
}

test('a user without a policy may do nothing, and is told what would be needed', async () => {
  const failures = await failuresOf(async (asked) => {
    if (OPEN[asked.name] !== undefined) return undefined;
    const reason = 'because no identity-based policy allows the \\1 action';
    const answer = await callSigned(lambent.port, nobody, asked);
    answers.set(asked.name, withoutRequestId(answer));
    return denialFailure(asked, 'nobody', reason, answer);
  });
  assert.deepEqual(failures, []);
});

test('SQS denies its old clients, who speak query, alike', async () => {
  const queues = operations.filter(({ name }) => name.startsWith('sqs.'));
  const reason = 'because no identity-based policy allows the \\1 action';
  const failures = await failuresOf(async (asked) => {
    const answer = await callSigned(lambent.port, nobody, asked, 'query');
    return answer.text.startsWith('<')
      ? denialFailure(asked, 'nobody', reason, answer, 'query')
      : shown(answer);
  }, queues);
  assert.deepEqual(failures, []);
});

test('an explicit deny wins over an allow, for every operation', async () => {
  const failures = await failuresOf(async (asked) => {
    if (OPEN[asked.name] !== undefined) return undefined;
    const reason = 'with an explicit deny in an identity-based policy';
    return denialFailure(asked, 'barred', reason, await callSigned(lambent.port, barred, asked));
  });
  assert.deepEqual(failures, []);
});

async function decisionOf(requestId: string): Promise<RecordedDecision | undefined> {
  const answer = await fetch(`${lambent.endpoint}/_lambent/iam/why?requestId=${requestId}`);
  return answer.ok ? ((await answer.json()) as RecordedDecision) : undefined;
}

/** Asks as the one who may do everything: not denied, not broken, and the decision is on record. */
async function letThrough(asked: AskedOperation): Promise<string | undefined> {
  const answer = await callSigned(lambent.port, anybody, asked);
  if (isWrong(answer) && MORE_THAN_A_PERMISSION[asked.name] === undefined) return shown(answer);
  if (asked.stage === 0 && answer.status < 300 && !made.has(asked.name)) made.set(asked.name, answer.text);
  const recorded = await decisionOf(answer.requestId);
  if (recorded === undefined) return `no record of ${answer.requestId} (${shown(answer)})`;
  const expected = OPEN[asked.name] === undefined ? 'decided' : 'undecided';
  const found = recorded.decisions.length > 0 ? 'decided' : 'undecided';
  return found === expected ? undefined : `${found} (${shown(answer)})`;
}

/** All operations of a stage, as the one who may do everything. */
async function sweep(stage: AskedOperation['stage']): Promise<void> {
  const asked = askedOperations(learnedFrom(made)).filter((operation) => operation.stage === stage);
  const failures = await failuresOf(letThrough, asked);
  assert.deepEqual(failures, [], [...failures, ...log].join('\n'));
}

test('a user with a policy for everything is let through to make things, each time by a decision on record', async () => {
  await sweep(0);
  const wanted = [
    'cloudformation.CreateStack',
    'cloudtrail.CreateTrail',
    'dynamodb.CreateTable',
    'iam.CreateUser',
    'lambda.CreateFunction',
    'logs.CreateLogGroup',
    's3.PutObject',
    'sns.CreateTopic',
    'sqs.CreateQueue',
  ];
  assert.deepEqual(
    wanted.filter((name) => !made.has(name)),
    [],
  );
});

test('a denial does not tell whether there is such a thing', async () => {
  const failures = await failuresOf(async (asked) => {
    const before = answers.get(asked.name);
    if (before === undefined) return undefined;
    const now = withoutRequestId(await callSigned(lambent.port, nobody, asked));
    return now === before ? undefined : `${before} became ${now}`;
  });
  assert.deepEqual(failures, []);
});

test('nor where: a user with a path is denied as one who is not there', async () => {
  const { endpoint, region, credentials } = lambent;
  await new IAMClient({ endpoint, region, credentials }).send(
    new CreateUserCommand({ UserName: 'hidden', Path: '/team/' }),
  );
  const denied = new IAMClient({ endpoint, region, credentials: nobody, maxAttempts: 1 });
  for (const UserName of ['hidden', 'missing']) {
    await assert.rejects(denied.send(new GetUserCommand({ UserName })), {
      name: 'AccessDenied',
      message: `User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: iam:GetUser on resource: user ${UserName} because no identity-based policy allows the iam:GetUser action`,
    });
  }
  const { certificate, privateKey } = selfSigned('hidden');
  await new IAMClient({ endpoint, region, credentials }).send(
    new UploadServerCertificateCommand({
      ServerCertificateName: 'hidden',
      Path: '/team/',
      CertificateBody: certificate,
      PrivateKey: privateKey,
    }),
  );
  for (const ServerCertificateName of ['hidden', 'missing']) {
    await assert.rejects(denied.send(new GetServerCertificateCommand({ ServerCertificateName })), {
      name: 'AccessDenied',
      message: `User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: iam:GetServerCertificate on resource: server certificate ${ServerCertificateName} because no identity-based policy allows the iam:GetServerCertificate action`,
    });
  }
});

test('tags to set need a permission even when there are none', async () => {
  const asked = operations.find(({ name }) => name === 'sqs.TagQueue');
  assert.ok(asked !== undefined);
  const answer = await callSigned(lambent.port, nobody, { ...asked, input: { ...asked.input, Tags: {} } });
  assert.equal(answer.status, 403, shown(answer));
});

test('the same user is let through to use them', () => sweep(1));

test('the same user is let through to take them apart', async () => {
  await sweep(2);
  await sweep(3);
});
