import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { CredentialLookup, IdentityPort } from '../../service/ports.ts';
import { openMemory } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { realWorld } from '../../world/real.ts';
import { accountOfKeyId, newAccessKeyId } from './identifier.ts';
import { type AccessKeyRow, announceChange, layout, type RoleRow, type UserRow } from './layout.ts';
import { awsManagedPolicies, awsManagedPolicy } from './managed-policy.ts';
import { acceptedStep, base32, codeOf } from './one-time-code.ts';
import { createIdentityPort } from './port.ts';

const ACCOUNT = '111111111111';
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/app/worker`;

const USER: UserRow = {
  name: 'Alice',
  path: '/',
  id: 'AIDAALICEALICEALICE12',
  createdAtMs: 0,
  inline: { own: '{"Version":"2012-10-17","Statement":[]}' },
  attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
  tags: { Team: 'blue' },
  groups: ['Staff'],
  accessKeyIds: [],
  mfaSerials: [],
};
const ROLE: RoleRow = {
  name: 'worker',
  path: '/app/',
  id: 'AROAWORKERWORKERWORK1',
  createdAtMs: 0,
  inline: {},
  attached: [],
  tags: { Team: 'red', Kind: 'batch' },
  trust: JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
  }),
  maxSessionSeconds: 3600,
};

interface Bench {
  readonly store: Store;
  readonly port: IdentityPort;
  readonly advance: (ms: number) => void;
}

async function bench(allowBuiltInKeys = true): Promise<Bench> {
  const world = realWorld();
  const store = openMemory({ world });
  const port = createIdentityPort({
    store,
    world,
    sealKey: new Uint8Array(32).fill(7),
    root: {
      account: '000000000000',
      allowBuiltInKeys,
      keys: [{ accessKeyId: 'ROOTKEY', secretAccessKey: 'rootsecret', account: ACCOUNT }],
    },
  });
  await change(store, async (rows, tx) => {
    rows.users.set(tx, ['alice'], USER);
    rows.groups.set(tx, ['staff'], { ...USER, name: 'Staff', inline: { shared: '{}' }, attached: [] });
    rows.roles.set(tx, ['worker'], ROLE);
  });
  return { store, port, advance: (ms) => world.clock.setOffset(world.clock.offsetMs() + ms) };
}

let marks = 0;
type Rows = ReturnType<typeof layout.at>;
async function change(
  store: Store,
  body: (rows: Rows, tx: Parameters<Parameters<Store['transact']>[0]>[0]) => Promise<void>,
): Promise<void> {
  await store.transact(async (tx) => {
    await body(layout.at(ACCOUNT, ''), tx);
    announceChange(tx, String(marks++));
  });
}

const kindOf = async (lookup: MaybePromise<CredentialLookup>) => (await lookup).kind;

test('access key ids tell their account', () => {
  const { random } = realWorld();
  for (const account of ['000000000000', ACCOUNT, '999999999999']) {
    const id = newAccessKeyId('ASIA', account, random);
    assert.match(id, /^ASIA[A-Z2-7]{16}$/);
    assert.equal(accountOfKeyId(id), account);
  }
  assert.equal(accountOfKeyId('AKIAIOSFODNN7'), undefined);
});

test('root keys: built in only where they are allowed', async () => {
  const open = await bench();
  const closed = await bench(false);
  const found = await open.port.credential('test', 'any');
  assert.ok(found.kind === 'found' && found.credential.principal.kind === 'root');
  assert.equal(found.credential.principal.account, '000000000000');
  assert.equal(await kindOf(open.port.credential('222222222222', undefined)), 'found');
  assert.equal(await kindOf(closed.port.credential('test', undefined)), 'unknown');
  assert.equal(await kindOf(closed.port.credential('222222222222', undefined)), 'unknown');
  const configured = await closed.port.credential('ROOTKEY', undefined);
  assert.ok(configured.kind === 'found');
  assert.equal(configured.credential.secretAccessKey, 'rootsecret');
});

test('a user’s key works until it is deactivated or its user is gone', async () => {
  const { store, port } = await bench();
  const { accessKeyId, secretAccessKey, sealedSecret } = port.newAccessKey(ACCOUNT);
  assert.ok(!Buffer.from(sealedSecret, 'base64').includes(secretAccessKey));
  const row: AccessKeyRow = {
    userName: 'Alice',
    userId: USER.id,
    active: true,
    sealedSecret,
    createdAtMs: 0,
  };
  const put = (changed: AccessKeyRow) =>
    change(store, async ({ accessKeys }, tx) => accessKeys.set(tx, [accessKeyId], changed));
  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'unknown');
  await put(row);
  const found = await port.credential(accessKeyId, undefined);
  assert.ok(found.kind === 'found');
  assert.equal(found.credential.secretAccessKey, secretAccessKey);
  assert.equal(
    found.credential.principal.kind === 'user' && found.credential.principal.arn,
    `arn:aws:iam::${ACCOUNT}:user/Alice`,
  );
  assert.equal(await kindOf(port.credential(accessKeyId, 'token')), 'bad-token');
  await put({ ...row, active: false });
  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'inactive');
  await put(row);
  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'found');
  await change(store, async ({ users }, tx) => users.set(tx, ['alice'], { ...USER, id: 'AIDAOTHER' }));
  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'unknown');
  await change(store, async ({ users }, tx) => users.delete(tx, ['alice']));
  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'unknown');
});

test('sessions are sealed, expire and end with their role', async () => {
  const { store, port, advance } = await bench();
  const session = await port.assumeForService({
    roleArn: ROLE_ARN,
    service: 'lambda.amazonaws.com',
    sessionName: 'fn',
  });
  const { accessKeyId, secretAccessKey, sessionToken } = session;
  assert.equal(secretAccessKey.length, 40);
  const found = await port.credential(accessKeyId, sessionToken);
  assert.ok(found.kind === 'found');
  assert.equal(found.credential.secretAccessKey, secretAccessKey);
  assert.deepEqual(found.credential.principal, session.principal);
  const again = await port.credential(accessKeyId, sessionToken);
  assert.ok(again.kind === 'found' && again.credential.principal === found.credential.principal);

  assert.equal(await kindOf(port.credential(accessKeyId, undefined)), 'bad-token');
  const bytes = Buffer.from(sessionToken, 'base64');
  for (const at of [0, 12, 28, bytes.length - 1]) {
    const forged = Buffer.from(bytes);
    forged[at] = (forged[at] ?? 0) ^ 1;
    assert.equal(await kindOf(port.credential(accessKeyId, forged.toString('base64'))), 'bad-token');
  }
  const otherKey = newAccessKeyId('ASIA', ACCOUNT, realWorld().random);
  assert.equal(await kindOf(port.credential(otherKey, sessionToken)), 'bad-token');
  assert.equal(await kindOf(port.credential(accessKeyId, 'not base64 !')), 'bad-token');

  const same = { roleArn: ROLE_ARN, service: 'lambda.amazonaws.com', sessionName: 'fn' };
  assert.equal(await port.assumeForService(same), session);
  advance(45 * 60 * 1000);
  assert.notEqual(await port.assumeForService(same), session);
  advance(15 * 60 * 1000);
  assert.equal(await kindOf(port.credential(accessKeyId, sessionToken)), 'expired');
  advance(-60 * 60 * 1000);
  await change(store, async ({ roles }, tx) => roles.delete(tx, ['worker']));
  assert.equal(await kindOf(port.credential(accessKeyId, sessionToken)), 'unknown');
});

test('a service assumes only roles that trust it', async () => {
  const { port } = await bench();
  const assume = (roleArn: string, service: string) =>
    port.assumeForService({ roleArn, service, sessionName: 's' });
  const denied = { code: 'AccessDenied', status: 403 };
  await assert.rejects(assume(ROLE_ARN, 'sns.amazonaws.com'), {
    ...denied,
    message: `User: sns.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${ROLE_ARN}`,
  });
  await assert.rejects(assume(`${ROLE_ARN}x`, 'lambda.amazonaws.com'), denied);
  await assert.rejects(assume(ROLE_ARN.replace('/app', ''), 'lambda.amazonaws.com'), denied);
});

test('a trust policy may ask for whom a service acts', async () => {
  const { store, port } = await bench();
  const statement = {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: { Service: 'scheduler.amazonaws.com' },
    Condition: {
      StringEquals: { 'aws:SourceAccount': ACCOUNT },
      ArnLike: { 'aws:SourceArn': 'arn:aws:scheduler:*:*:schedule/*' },
    },
  };
  const trust = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  await change(store, async ({ roles }, tx) => roles.set(tx, ['worker'], { ...ROLE, trust }));
  const request = { roleArn: ROLE_ARN, service: 'scheduler.amazonaws.com', sessionName: 's' };
  const schedule = (account: string) => `arn:aws:scheduler:us-east-1:${account}:schedule/default/x`;
  await assert.rejects(port.assumeForService(request), { code: 'AccessDenied' });
  await assert.rejects(port.assumeForService({ ...request, sourceArn: schedule('222222222222') }), {
    code: 'AccessDenied',
  });
  await port.assumeForService({ ...request, sourceArn: schedule(ACCOUNT) });
});

test('policies of users hold their groups’, and follow changes', async () => {
  const { store, port } = await bench();
  const principal = {
    kind: 'user',
    account: ACCOUNT,
    arn: `arn:aws:iam::${ACCOUNT}:user/Alice`,
    userId: USER.id,
    userName: 'Alice',
  } as const;
  const first = await port.policies(principal);
  assert.deepEqual(
    first.identity.map(({ id }) => id),
    ['inline:own', 'arn:aws:iam::aws:policy/AdministratorAccess', 'inline:group/Staff/shared'],
  );
  assert.equal(first.context['aws:principaltag/team'], 'blue');
  assert.equal(first.context['aws:username'], 'Alice');
  assert.equal(await port.policies(principal), first);
  await change(store, async ({ users }, tx) =>
    users.set(tx, ['alice'], { ...USER, groups: [], boundary: `arn:aws:iam::${ACCOUNT}:policy/gone` }),
  );
  const second = await port.policies(principal);
  assert.equal(second.identity.length, 2);
  assert.match(second.boundary?.document ?? '', /"Statement":\[\]/);
});

test('session policies by ARN bind the session; session tags come before the role’s', async () => {
  const { port } = await bench();
  const session = await port.issueSession({
    principal: {
      kind: 'role',
      account: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/worker/s`,
      userId: `${ROLE.id}:s`,
      roleName: 'worker',
      roleArn: ROLE_ARN,
      sessionName: 's',
      sessionPolicies: [],
      sessionTags: { team: 'green' },
      sessionContext: { 'aws:SourceIdentity': 'carol' },
    },
    policyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess', `arn:aws:iam::${ACCOUNT}:policy/gone`],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
  });
  assert.ok(session.packedPolicyPercent > 0 && session.packedPolicyPercent < 20);
  const { principal } = session.credentials;
  assert.ok(principal.kind === 'role');
  assert.equal(principal.sessionPolicies.length, 2);
  assert.match(principal.sessionPolicies[1] ?? '', /"Statement":\[\]/);
  const { context } = await port.policies(principal);
  assert.equal(context['aws:principaltag/team'], 'green');
  assert.equal(context['aws:principaltag/kind'], 'batch');
  assert.equal(context['aws:SourceIdentity'], 'carol');
  assert.equal(context['aws:PrincipalArn'], ROLE_ARN);
});

test('AWS managed policies that templates use are there', () => {
  for (const name of [
    'AdministratorAccess',
    'PowerUserAccess',
    'ReadOnlyAccess',
    'service-role/AWSLambdaBasicExecutionRole',
    'service-role/AWSLambdaVPCAccessExecutionRole',
    'service-role/AWSLambdaSQSQueueExecutionRole',
    'service-role/AWSLambdaDynamoDBExecutionRole',
    'service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    'AWSXRayDaemonWriteAccess',
    'AmazonDynamoDBFullAccess',
    'AmazonCognitoPowerUser',
    'AmazonS3ReadOnlyAccess',
  ]) {
    assert.ok(awsManagedPolicy(`arn:aws:iam::aws:policy/${name}`), name);
  }
  assert.equal(awsManagedPolicy('arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole'), undefined);
  const all = awsManagedPolicies();
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
});

test('one-time codes are those of RFC 6238', () => {
  const seed = Buffer.from('12345678901234567890');
  assert.equal(codeOf(seed, 1), '287082');
  assert.equal(codeOf(seed, Math.floor(1_234_567_890 / 30)), '005924');
  assert.equal(acceptedStep(seed, '287082', 59_000, undefined), 1);
  assert.equal(acceptedStep(seed, '287082', 59_000, 1), undefined);
  assert.equal(acceptedStep(seed, '287082', 200_000, undefined), undefined);
  assert.equal(base32(Buffer.from('foobar')), 'MZXW6YTBOI');
});
