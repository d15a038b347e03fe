import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { layerNamed } from './layer-use.ts';
import { layerArn } from './layers.ts';
import { layout, type PolicyStatement } from './layout.ts';
import { boundStatement, policyDocument, withStatement } from './permission.ts';
import { checkRevision } from './reading.ts';
import { fault } from './reference.ts';

interface Named {
  readonly LayerName: string;
  readonly VersionNumber: number;
}

function layerOf({ LayerName, VersionNumber }: Named, ctx: Context) {
  const { account, region, name } = layerNamed(LayerName, ctx);
  const key: [string, number] = [name, VersionNumber];
  return {
    rows: layout.at(account, region),
    key,
    owner: account,
    arn: layerArn({ account, region }, name, VersionNumber),
  };
}

function absent(arn: string): Error {
  return fault('ResourceNotFoundException', `Layer version ${arn} does not exist.`);
}

function noPolicy(): Error {
  return fault('ResourceNotFoundException', 'No policy is associated with the given resource.');
}

/** Who may use a layer's version. https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html */
export const layerPermissions = {
  async AddLayerVersionPermission(input, ctx) {
    const { rows, key, arn, owner } = layerOf(input, ctx);
    if (input.OrganizationId !== undefined && input.Principal !== '*') {
      throw fault('InvalidParameterValueException', 'OrganizationId may be given only with the principal *.');
    }
    const statement: PolicyStatement = {
      Sid: input.StatementId,
      Effect: 'Allow',
      Principal: /^\d{12}$/.test(input.Principal)
        ? { AWS: `arn:aws:iam::${input.Principal}:root` }
        : input.Principal.startsWith('arn:')
          ? { AWS: input.Principal }
          : input.Principal,
      Action: input.Action,
      Resource: arn,
      ...(input.OrganizationId === undefined
        ? {}
        : { Condition: { StringEquals: { 'aws:PrincipalOrgID': input.OrganizationId } } }),
    };
    const bound = await boundStatement(statement, owner, ctx);
    const revisionId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      if ((await rows.layerVersions.get(tx, key)) === undefined) throw absent(arn);
      const before = await rows.layerPolicies.get(tx, key);
      checkRevision(input.RevisionId, before?.revisionId ?? '', 'GetLayerPolicy');
      rows.layerPolicies.set(tx, key, withStatement(before, bound, revisionId));
    });
    return { Statement: JSON.stringify(statement), RevisionId: revisionId };
  },

  async RemoveLayerVersionPermission(input, ctx) {
    const { rows, key, arn } = layerOf(input, ctx);
    const revisionId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      if ((await rows.layerVersions.get(tx, key)) === undefined) throw absent(arn);
      const before = await rows.layerPolicies.get(tx, key);
      if (before === undefined) throw noPolicy();
      checkRevision(input.RevisionId, before.revisionId, 'GetLayerPolicy');
      const statements = before.statements.filter(({ Sid }) => Sid !== input.StatementId);
      if (statements.length === before.statements.length) {
        throw fault(
          'ResourceNotFoundException',
          `Statement ${input.StatementId} is not found in resource policy.`,
        );
      }
      if (statements.length === 0) rows.layerPolicies.delete(tx, key);
      else rows.layerPolicies.set(tx, key, { ...before, statements, revisionId });
    });
    return {};
  },

  async GetLayerVersionPolicy(input, ctx) {
    const { rows, key, arn } = layerOf(input, ctx);
    if ((await rows.layerVersions.get(ctx.store, key)) === undefined) throw absent(arn);
    const policy = await rows.layerPolicies.get(ctx.store, key);
    if (policy === undefined) throw noPolicy();
    return {
      Policy: await ctx.ports.identity.namedPrincipals(policyDocument(policy)),
      RevisionId: policy.revisionId,
    };
  },
} satisfies Group<LambdaOperations>;
