import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { realWorld } from '../../world/real.ts';
import { accessClaims, type Issue, idClaims, readChanges } from './claims.ts';
import { allowsFlow, type ClientRow, checkSecretHash, secretHash } from './client.ts';
import { checkCode, makeCode } from './code.ts';
import { parseFilter } from './filter.ts';
import { readClaims, signJwt, verifyJwt } from './jwt.ts';
import { makeKeys, seal, unseal } from './key.ts';
import { afterFailure, type Failures, isLocked } from './lockout.ts';
import { DEFAULT_PASSWORD_POLICY, passwordFlaw, temporaryPassword } from './password.ts';
import { issuerOf, type PoolRow, poolOfIssuer } from './pool.ts';
import { masked, type UserRow } from './user.ts';

const { random } = realWorld();

const POOL: PoolRow = {
  id: 'us-east-1_AbCdEf123',
  arn: 'arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_AbCdEf123',
  name: 'riders',
  createdAtMs: 0,
  modifiedAtMs: 0,
  settings: {},
  declaredSchema: [],
  aliasAttributes: [],
  usernameAttributes: ['email'],
  tags: {},
};
const CLIENT: ClientRow = {
  id: 'client1',
  poolId: POOL.id,
  name: 'web',
  secret: 'hush',
  createdAtMs: 0,
  modifiedAtMs: 0,
  settings: {},
};
const USER: UserRow = {
  username: 'u-1',
  sub: 'u-1',
  attributes: { email: 'ada@example.com', email_verified: 'true' },
  createdAtMs: 0,
  modifiedAtMs: 0,
  enabled: true,
  status: 'CONFIRMED',
};
const ISSUE: Issue = {
  pool: POOL,
  client: CLIENT,
  user: USER,
  groups: [
    {
      name: 'riders',
      precedence: 1,
      roleArn: 'arn:aws:iam::000000000000:role/r',
      createdAtMs: 0,
      modifiedAtMs: 0,
    },
  ],
  validity: { accessSeconds: 3600, idSeconds: 1800, refreshSeconds: 86400 },
  nowSeconds: 1000,
  authTimeSeconds: 900,
  originJti: 'o',
  scopes: ['aws.cognito.signin.user.admin'],
  eventId: 'e',
  idJti: 'i',
  accessJti: 'a',
};

test('the password policy complains in its own order', () => {
  const flaw = (password: string) => passwordFlaw(password, DEFAULT_PASSWORD_POLICY);
  assert.equal(flaw('Aa1!'), 'Password not long enough');
  assert.equal(flaw('aaaaaaa1!'), 'Password must have uppercase characters');
  assert.equal(flaw('AAAAAAA1!'), 'Password must have lowercase characters');
  assert.equal(flaw('Aaaaaaaa!'), 'Password must have numeric characters');
  assert.equal(flaw('Aaaaaaaa1'), 'Password must have symbol characters');
  assert.equal(flaw('Aaaaaaa1!'), undefined);
  for (let i = 0; i < 50; i++)
    assert.equal(flaw(temporaryPassword(DEFAULT_PASSWORD_POLICY, random)), undefined);
});

test('failures lock for a second after the fifth, then twice as long, up to a quarter of an hour', () => {
  let failures: Failures | undefined;
  for (let i = 0; i < 4; i++) failures = afterFailure(failures, 0);
  assert.equal(isLocked(failures, 0), false);
  failures = afterFailure(failures, 0);
  assert.equal(failures.lockedUntilMs, 1_000);
  assert.equal(isLocked(failures, 999), true);
  assert.equal(isLocked(failures, 1_000), false);
  assert.equal(afterFailure(failures, 0).lockedUntilMs, 2_000);
  for (let i = 0; i < 30; i++) failures = afterFailure(failures, 0);
  assert.equal(failures.lockedUntilMs, 900_000);
});

test('a code ends by time, and by guesses', () => {
  const code = makeCode(random, 0, 1_000);
  assert.match(code.code, /^\d{6}$/);
  assert.equal(checkCode(code, code.code, 999), 'right');
  assert.equal(checkCode(code, code.code, 1_000), 'expired');
  assert.equal(checkCode(code, `x${code.code}`, 0), 'wrong');
  assert.equal(checkCode({ ...code, failures: 5 }, code.code, 0), 'exhausted');
  assert.equal(checkCode(undefined, '123456', 0), 'expired');
});

test('what a client lets users do, by newer and older names', () => {
  assert.equal(allowsFlow({}, 'USER_SRP'), true);
  assert.equal(allowsFlow({}, 'USER_PASSWORD'), false);
  assert.equal(allowsFlow({ ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'] }, 'USER_PASSWORD'), true);
  assert.equal(allowsFlow({ ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'] }, 'REFRESH_TOKEN'), false);
  assert.equal(allowsFlow({ ExplicitAuthFlows: ['ADMIN_NO_SRP_AUTH'] }, 'ADMIN_USER_PASSWORD'), true);
  assert.equal(allowsFlow({ ExplicitAuthFlows: ['ADMIN_NO_SRP_AUTH'] }, 'REFRESH_TOKEN'), true);
});

test('a secret hash proves the secret over a name', () => {
  checkSecretHash(CLIENT, ['ada'], secretHash(CLIENT, 'ada'));
  assert.throws(
    () => checkSecretHash(CLIENT, ['ada'], secretHash(CLIENT, 'bob')),
    /Unable to verify secret hash/,
  );
  assert.throws(() => checkSecretHash(CLIENT, ['ada'], undefined), /SECRET_HASH was not received/);
});

test('filters of ListUsers', () => {
  assert.equal(parseFilter('email = "ada@example.com"')(USER), true);
  assert.equal(parseFilter('email ^= "ada"')(USER), true);
  assert.equal(parseFilter('email ^= "bob"')(USER), false);
  assert.equal(parseFilter('cognito:user_status = "confirmed"')(USER), true);
  assert.equal(parseFilter('status = "Enabled"')(USER), true);
  assert.equal(parseFilter('name = "a"')(USER), false);
  assert.throws(() => parseFilter('email == ada'), /Error while parsing filter/);
  assert.throws(() => parseFilter('custom:x = "1"'), /Invalid search attribute/);
});

test('addresses and numbers are masked', () => {
  assert.equal(masked('ada@example.com'), 'a***@e***');
  assert.equal(masked('+15551234567'), '+*******4567');
});

test('an issuer names its pool, and only it', () => {
  assert.equal(poolOfIssuer(issuerOf(POOL.id)), POOL.id);
  assert.equal(poolOfIssuer('https://cognito-idp.eu-west-1.amazonaws.com/us-east-1_AbCdEf123'), undefined);
  assert.equal(poolOfIssuer('https://example.com/us-east-1_AbCdEf123'), undefined);
});

test('claims are AWS’s, and a trigger changes what it may', () => {
  const id = idClaims(ISSUE, readChanges(undefined));
  assert.equal(id['aud'], 'client1');
  assert.equal(id['email_verified'], true);
  assert.equal(id['cognito:username'], 'u-1');
  assert.deepEqual(id['cognito:groups'], ['riders']);
  assert.equal(id['cognito:preferred_role'], 'arn:aws:iam::000000000000:role/r');
  assert.equal(id['exp'], 2800);
  const access = accessClaims(ISSUE, readChanges(undefined));
  assert.equal(access['aud'], undefined);
  assert.equal(access['client_id'], 'client1');
  assert.equal(access['scope'], 'aws.cognito.signin.user.admin');
  const first = readChanges({
    claimsOverrideDetails: {
      claimsToAddOrOverride: { colour: 'pink', sub: 'somebody' },
      claimsToSuppress: ['email', 'iss'],
      groupOverrideDetails: { groupsToOverride: ['others'] },
    },
  });
  const overridden = idClaims(ISSUE, first);
  assert.equal(overridden['colour'], 'pink');
  assert.equal(overridden['sub'], 'u-1');
  assert.equal(overridden['email'], undefined);
  assert.equal(overridden['iss'], issuerOf(POOL.id));
  assert.deepEqual(overridden['cognito:groups'], ['others']);
  assert.equal(accessClaims(ISSUE, first)['colour'], undefined);
  const second = readChanges({
    claimsAndScopeOverrideDetails: {
      accessTokenGeneration: { claimsToAddOrOverride: { colour: 'pink' }, scopesToAdd: ['rides/ask'] },
    },
  });
  assert.equal(accessClaims(ISSUE, second)['colour'], 'pink');
  assert.equal(accessClaims(ISSUE, second)['scope'], 'aws.cognito.signin.user.admin rides/ask');
});

test('tokens verify by their own key; sealed values open for their purpose', async () => {
  const keys = await makeKeys(random);
  const token = await signJwt(keys.access, { hello: 'world' });
  assert.equal(verifyJwt(keys.access, token), true);
  assert.equal(verifyJwt(keys.id, token), false);
  assert.equal(verifyJwt(keys.access, `${token.slice(0, -4)}AAAA`), false);
  assert.deepEqual(readClaims(token), { hello: 'world' });
  assert.equal(readClaims('nothing'), undefined);
  const sealed = seal(keys, 'srp:a', { id: 1 }, random);
  assert.deepEqual(unseal(keys, 'srp:a', sealed), { id: 1 });
  assert.equal(unseal(keys, 'srp:b', sealed), undefined);
  assert.equal(unseal(keys, 'srp:a', sealed.subarray(1)), undefined);
});
