import { type Attributes, checkAttributes } from './attribute.ts';
import { withPassword } from './credential.ts';
import { fault } from './fault.ts';
import { saveUser } from './membership.ts';
import type { ClientScope } from './scope.ts';
import { newUser } from './sign-ups.ts';
import { metadata, runTrigger, triggerArn } from './trigger.ts';
import type { UserRow } from './user.ts';

type Occasion =
  | { readonly source: 'UserMigration_Authentication'; readonly password: string }
  | { readonly source: 'UserMigration_ForgotPassword' };

/**
 * Asks the UserMigration trigger for somebody the pool does not know, and takes them in when it says who they are.
 * Undefined without a trigger, and when it throws: then the user is as unknown as before.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-migrate-user.html
 */
export async function migrateUser(
  scope: ClientScope,
  name: string,
  occasion: Occasion,
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<UserRow | undefined> {
  const { ctx, pool, client } = scope;
  if (triggerArn(pool.settings.LambdaConfig, 'UserMigration') === undefined) return undefined;
  const password = occasion.source === 'UserMigration_Authentication' ? occasion.password : undefined;
  const answer = await runTrigger(scope, 'UserMigration', {
    source: occasion.source,
    username: name,
    clientId: client.id,
    request: {
      ...(password === undefined ? {} : { password }),
      validationData: clientMetadata ?? null,
      ...metadata('clientMetadata', clientMetadata),
    },
    response: {
      userAttributes: null,
      finalUserStatus: null,
      messageAction: null,
      desiredDeliveryMediums: null,
      forceAliasCreation: null,
    },
  }).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'UserLambdaValidationException') return undefined;
    throw error;
  });
  const attributes = migratedAttributes(answer?.['userAttributes']);
  if (attributes === undefined) return undefined;
  const fresh = newUser(scope, name, attributes, 'CONFIRMED');
  checkAttributes(pool.declaredSchema, fresh.attributes, true);
  const confirmed = password !== undefined && answer?.['finalUserStatus'] === 'CONFIRMED';
  const user: UserRow = confirmed
    ? withPassword(scope, fresh, password, { temporary: false })
    : { ...fresh, status: 'RESET_REQUIRED' };
  const forceAliases = answer?.['forceAliasCreation'] === true;
  await ctx.transact((tx) => saveUser(scope, tx, undefined, user, { forceAliases }));
  return user;
}

/** What the function says of the user; `username` and `sub` are the pool's to give. */
function migratedAttributes(value: unknown): Attributes | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fault('InvalidLambdaResponseException', 'Invalid user attributes returned by UserMigration');
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'username' && name !== 'sub')
      .map(([name, text]) => [name, String(text)]),
  );
}
