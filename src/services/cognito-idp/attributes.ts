import type { CodeDeliveryDetailsType, CognitoIdpOperations } from '../../model/gen/cognito-idp.ts';
import type { Group } from '../../service/service.ts';
import { type Attributes, attributeList, attributeMap, checkAttributes, schemaOf } from './attribute.ts';
import { CONFIRMATION_LIFETIME_MS, type Code, checkCode, makeCode } from './code.ts';
import { compose, type Destination, deliveryDetails, type Letter, send } from './delivery.ts';
import { attemptLimit, codeExpired, codeMismatch, fault, noSuchUser } from './fault.ts';
import { getUser, removeUser, saveUser } from './membership.ts';
import { updateUser } from './passwords.ts';
import { type ClientScope, type PoolScope, poolScope, tokenScope } from './scope.ts';
import { checkWritable } from './sign-ups.ts';
import { describeUserFactors, type UserRow } from './user.ts';

const VERIFIABLE = ['email', 'phone_number'] as const;
type Verifiable = (typeof VERIFIABLE)[number];

export const attributes = {
  GetUser: async (input, ctx) => {
    const { user, client } = await tokenScope(ctx, input.AccessToken);
    const readable = client.settings.ReadAttributes;
    return {
      Username: user.username,
      UserAttributes: attributeList(user.sub, user.attributes).filter(
        ({ Name }) => Name === 'sub' || !readable?.length || readable.includes(Name),
      ),
      ...describeUserFactors(user),
    };
  },

  UpdateUserAttributes: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    const given = attributeMap(input.UserAttributes);
    checkWritable(scope.client.settings.WriteAttributes, input.UserAttributes);
    checkAttributes(scope.pool.declaredSchema, given, false);
    return {
      CodeDeliveryDetailsList: await changeAttributes(scope, scope.user, given, input.ClientMetadata),
    };
  },

  DeleteUserAttributes: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    checkWritable(
      scope.client.settings.WriteAttributes,
      input.UserAttributeNames.map((Name) => ({ Name })),
    );
    await deleteAttributes(scope, scope.user.username, input.UserAttributeNames);
    return {};
  },

  GetUserAttributeVerificationCode: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    const attribute = verifiable(input.AttributeName);
    const { user } = scope;
    const pending = user.verifications?.[attribute]?.value;
    const address = pending ?? user.attributes[attribute];
    if (!address) throw fault('InvalidParameterException', `User does not have ${attribute} to verify.`);
    const proof = await prove(
      scope,
      user,
      { attribute, address },
      'VerifyUserAttribute',
      input.ClientMetadata,
    );
    await scope.ctx.transact(async (tx) => {
      const current = await scope.rows.users.get(tx, [scope.pool.id, user.username]);
      if (current === undefined) throw noSuchUser();
      const code = { ...proof.code, ...(pending === undefined ? {} : { value: pending }) };
      await saveUser(scope, tx, current, {
        ...current,
        verifications: { ...current.verifications, [attribute]: code },
      });
      send(scope, tx, proof.letter);
    });
    return { CodeDeliveryDetails: deliveryDetails({ attribute, address }) };
  },

  VerifyUserAttribute: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    const attribute = verifiable(input.AttributeName);
    const now = scope.ctx.world.clock.now();
    const verdict = await scope.ctx.transact(async (tx) => {
      const user = await scope.rows.users.get(tx, [scope.pool.id, scope.user.username]);
      if (user === undefined) throw noSuchUser();
      const kept = user.verifications?.[attribute];
      const result = checkCode(kept, input.Code, now);
      if (kept === undefined) return result;
      if (result === 'wrong') {
        const failed = { ...kept, failures: kept.failures + 1 };
        await saveUser(scope, tx, user, {
          ...user,
          verifications: { ...user.verifications, [attribute]: failed },
        });
      }
      if (result === 'right') {
        const { [attribute]: _done, ...verifications } = user.verifications ?? {};
        await saveUser(scope, tx, user, {
          ...user,
          verifications,
          attributes: {
            ...user.attributes,
            ...(kept.value === undefined ? {} : { [attribute]: kept.value }),
            [`${attribute}_verified`]: 'true',
          },
          modifiedAtMs: now,
        });
      }
      return result;
    });
    if (verdict === 'wrong') throw codeMismatch();
    if (verdict === 'exhausted') throw attemptLimit();
    if (verdict === 'expired') throw codeExpired();
    return {};
  },

  DeleteUser: async (input, ctx) => {
    const scope = await tokenScope(ctx, input.AccessToken);
    await scope.ctx.transact(async (tx) => {
      const user = await scope.rows.users.get(tx, [scope.pool.id, scope.user.username]);
      if (user !== undefined) await removeUser(scope, tx, user);
    });
    return {};
  },

  AdminUpdateUserAttributes: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const user = await getUser(scope, ctx.store, input.Username);
    const given = attributeMap(input.UserAttributes);
    checkAttributes(scope.pool.declaredSchema, given, false);
    await changeAttributes(scope, user, given, input.ClientMetadata);
    return {};
  },

  AdminDeleteUserAttributes: async (input, ctx) => {
    const scope = await poolScope(ctx, input.UserPoolId);
    const { username } = await getUser(scope, ctx.store, input.Username);
    await deleteAttributes(scope, username, input.UserAttributeNames);
    return {};
  },
} satisfies Group<CognitoIdpOperations>;

function verifiable(name: string): Verifiable {
  const found = VERIFIABLE.find((attribute) => attribute === name);
  if (found === undefined) throw fault('InvalidParameterException', `Invalid attribute name: ${name}`);
  return found;
}

interface Proof {
  readonly code: Code;
  readonly letter: Letter;
}

async function prove(
  scope: PoolScope & { readonly client?: ClientScope['client'] },
  user: UserRow,
  destination: Destination,
  occasion: 'UpdateUserAttribute' | 'VerifyUserAttribute',
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<Proof> {
  const { random, clock } = scope.ctx.world;
  const code = makeCode(random, clock.now(), CONFIRMATION_LIFETIME_MS);
  const letter = await compose(scope, {
    occasion,
    user,
    destination,
    code: code.code,
    username: user.username,
    clientId: scope.client?.id,
    clientMetadata,
  });
  return { code, letter };
}

/**
 * Writes new values. A changed address or number loses its verification and, where the pool verifies it by itself, is
 * sent a code; where the pool asks for proof first, the old value stays until the code came back.
 */
async function changeAttributes(
  scope: PoolScope & { readonly client?: ClientScope['client'] },
  user: UserRow,
  given: Attributes,
  clientMetadata: Readonly<Record<string, string>> | undefined,
): Promise<CodeDeliveryDetailsType[]> {
  const { settings } = scope.pool;
  const first = settings.UserAttributeUpdateSettings?.AttributesRequireVerificationBeforeUpdate ?? [];
  const written: Record<string, string> = { ...given };
  const proofs: (Proof & { readonly destination: Destination; readonly pending: boolean })[] = [];
  for (const attribute of VERIFIABLE) {
    const address = given[attribute];
    if (address === undefined || address === user.attributes[attribute]) continue;
    if (given[`${attribute}_verified`] === 'true') continue;
    const auto = address !== '' && (settings.AutoVerifiedAttributes ?? []).includes(attribute);
    const pending = auto && first.includes(attribute);
    if (pending) delete written[attribute];
    else written[`${attribute}_verified`] = 'false';
    if (auto) {
      const destination = { attribute, address };
      const proof = await prove(scope, user, destination, 'UpdateUserAttribute', clientMetadata);
      proofs.push({ ...proof, destination, pending });
    }
  }
  const modifiedAtMs = scope.ctx.world.clock.now();
  await scope.ctx.transact(async (tx) => {
    const current = await scope.rows.users.get(tx, [scope.pool.id, user.username]);
    if (current === undefined) throw noSuchUser();
    const codes = proofs.map(({ code, destination: { attribute, address }, pending }) => [
      attribute,
      { ...code, ...(pending ? { value: address } : {}) },
    ]);
    await saveUser(scope, tx, current, {
      ...current,
      attributes: { ...current.attributes, ...written },
      ...(codes.length === 0
        ? {}
        : { verifications: { ...current.verifications, ...Object.fromEntries(codes) } }),
      modifiedAtMs,
    });
    for (const { letter } of proofs) send(scope, tx, letter);
  });
  return proofs.map(({ destination }) => deliveryDetails(destination));
}

async function deleteAttributes(scope: PoolScope, username: string, names: readonly string[]): Promise<void> {
  const schema = schemaOf(scope.pool.declaredSchema);
  for (const name of names) {
    const attribute = schema.find(({ Name }) => Name === name);
    if (attribute === undefined) {
      throw fault(
        'InvalidParameterException',
        `Attributes did not conform to the schema: Type for attribute {${name}} could not be determined\n`,
      );
    }
    if (attribute.Required === true || attribute.Mutable === false) {
      throw fault('InvalidParameterException', `user.${name}: Attribute cannot be deleted.`);
    }
  }
  const modifiedAtMs = scope.ctx.world.clock.now();
  const gone = new Set(names.flatMap((name) => [name, `${name}_verified`]));
  await updateUser(scope, username, (user) => ({
    ...user,
    attributes: Object.fromEntries(Object.entries(user.attributes).filter(([name]) => !gone.has(name))),
    modifiedAtMs,
  }));
}
