import { parseArn } from '../../base/arn.ts';
import type { LambdaOperations } from '../../model/gen/lambda.ts';
import type { Context } from '../../service/context.ts';
import type { Group } from '../../service/service.ts';
import { readLayerArn } from './layer-use.ts';
import { layout, type PolicyRow } from './layout.ts';
import { boundDocument, boundStatement, policyDocument, statementOf, withStatement } from './permission.ts';
import { checkRevision, readAliased, readRevision, type Target, targetOf } from './reading.ts';
import { arnOf, fault, LATEST, readReference } from './reference.ts';

/** `$LATEST` has no policy of its own. */
function policyQualifier(qualifier: string | undefined): string {
  if (qualifier === LATEST) {
    throw fault('InvalidParameterValueException', 'We currently do not support adding policies for $LATEST.');
  }
  return qualifier ?? '';
}

/** The policy attached to a function, version or alias, or to a layer's version, for the pipeline. */
export async function resourcePolicy(resourceArn: string, ctx: Context): Promise<string | undefined> {
  const arn = parseArn(resourceArn);
  const layer = readLayerArn(resourceArn);
  if (layer !== undefined) {
    const { layerPolicies } = layout.at(layer.account, layer.region);
    const policy = await layerPolicies.get(ctx.store, [layer.name, layer.version]);
    return policy && policyDocument(policy);
  }
  if (arn === undefined || !arn.resource.startsWith('function:')) return undefined;
  const { name, qualifier = '' } = readReference(resourceArn, undefined, ctx);
  const policy = await layout
    .at(arn.account, arn.region)
    .policies.get(ctx.store, [name, qualifier === LATEST ? '' : qualifier]);
  return policy && policyDocument(policy);
}

/** Of a function, a version or an alias; policies of other resources are not here. */
function policyTarget(ctx: Context, resourceArn: string): Target {
  if (!/^[^:]*:[^:]*:lambda:[^:]*:[^:]*:function:/.test(resourceArn)) throw noPolicyHere();
  const target = targetOf(ctx, resourceArn);
  policyQualifier(target.reference.qualifier);
  return target;
}

function keyOf({ reference }: Target): [string, string] {
  return [reference.name, reference.qualifier ?? ''];
}

function noPolicyHere(): Error {
  return fault('ResourceNotFoundException', 'The resource you requested does not exist.');
}

export const permissions = {
  async AddPermission(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { reference, rows } = target;
    const qualifier = policyQualifier(reference.qualifier);
    const statement = statementOf(input, arnOf(reference));
    const bound = await boundStatement(statement, reference.account, ctx);
    const revisionId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      await readAliased(tx, target);
      const before = await rows.policies.get(tx, [reference.name, qualifier]);
      // Without a policy, the revision is that of what will have one.
      const current = before?.revisionId ?? (await readRevision(tx, target));
      checkRevision(input.RevisionId, current, 'GetPolicy');
      rows.policies.set(tx, [reference.name, qualifier], withStatement(before, bound, revisionId));
    });
    return { Statement: JSON.stringify(statement) };
  },

  async RemovePermission(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { reference, rows } = target;
    const key: [string, string] = [reference.name, policyQualifier(reference.qualifier)];
    const revisionId = ctx.world.random.uuid();
    await ctx.transact(async (tx) => {
      if ((await rows.functions.get(tx, [reference.name])) === undefined) {
        throw fault('ResourceNotFoundException', `No policy found for: ${arnOf(reference)}`);
      }
      await readAliased(tx, target);
      const before = await rows.policies.get(tx, key);
      if (before === undefined) {
        throw fault('ResourceNotFoundException', 'No policy is associated with the given resource.');
      }
      checkRevision(input.RevisionId, before.revisionId, 'GetPolicy');
      const statements = before.statements.filter(({ Sid }) => Sid !== input.StatementId);
      if (statements.length === before.statements.length) {
        throw fault(
          'ResourceNotFoundException',
          `Statement ${input.StatementId} is not found in resource policy.`,
        );
      }
      if (statements.length === 0) rows.policies.delete(tx, key);
      else rows.policies.set(tx, key, { ...before, statements, revisionId });
    });
    return {};
  },

  async GetPolicy(input, ctx) {
    const target = targetOf(ctx, input.FunctionName, input.Qualifier);
    const { name, qualifier = '' } = target.reference;
    const policy = await target.rows.policies.get(ctx.store, [name, qualifier === LATEST ? '' : qualifier]);
    if (policy === undefined) throw noPolicyHere();
    return {
      Policy: await ctx.ports.identity.namedPrincipals(policyDocument(policy)),
      RevisionId: policy.revisionId,
    };
  },

  async PutResourcePolicy(input, ctx) {
    const target = policyTarget(ctx, input.ResourceArn);
    const { reference, rows } = target;
    const document = await boundDocument(input.Policy, reference.account, ctx);
    const row: PolicyRow = { ...document, revisionId: ctx.world.random.uuid() };
    await ctx.transact(async (tx) => {
      await readAliased(tx, target);
      const before = await rows.policies.get(tx, keyOf(target));
      const current = before?.revisionId ?? (await readRevision(tx, target));
      checkRevision(input.RevisionId, current, 'GetResourcePolicy');
      rows.policies.set(tx, keyOf(target), row);
    });
    return {
      Policy: await ctx.ports.identity.namedPrincipals(policyDocument(row)),
      RevisionId: row.revisionId,
    };
  },

  async GetResourcePolicy(input, ctx) {
    const target = policyTarget(ctx, input.ResourceArn);
    const policy = await target.rows.policies.get(ctx.store, keyOf(target));
    if (policy === undefined) throw noPolicyHere();
    return {
      Policy: await ctx.ports.identity.namedPrincipals(policyDocument(policy)),
      RevisionId: policy.revisionId,
    };
  },

  async DeleteResourcePolicy(input, ctx) {
    const target = policyTarget(ctx, input.ResourceArn);
    const { rows } = target;
    await ctx.transact(async (tx) => {
      const before = await rows.policies.get(tx, keyOf(target));
      if (before === undefined) throw noPolicyHere();
      checkRevision(input.RevisionId, before.revisionId, 'GetResourcePolicy');
      rows.policies.delete(tx, keyOf(target));
    });
    return {};
  },
} satisfies Group<LambdaOperations>;
