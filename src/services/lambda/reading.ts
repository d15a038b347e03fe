import type { Context } from '../../service/context.ts';
import type { Reader } from '../../store/store.ts';
import { type FunctionRow, type FunctionVersion, layout } from './layout.ts';
import {
  arnOf,
  type FunctionReference,
  fault,
  isAliasName,
  isVersionNumber,
  LATEST,
  readReference,
} from './reference.ts';

/** A request's function, and a context in the function's own account and region. */
export interface Target {
  readonly reference: FunctionReference;
  readonly ctx: Context;
  readonly rows: ReturnType<typeof layout.at>;
}

export function targetOf(ctx: Context, functionName: string, qualifier?: string | undefined): Target {
  const reference = readReference(functionName, qualifier, ctx);
  if (reference.region !== ctx.region) {
    throw fault(
      'ResourceNotFoundException',
      `Functions from '${reference.region}' are not reachable in this region ('${ctx.region}')`,
    );
  }
  return {
    reference,
    ctx: reference.account === ctx.account ? ctx : ctx.as({ account: reference.account }),
    rows: layout.at(reference.account, reference.region),
  };
}

export function notFound(reference: FunctionReference): Error {
  return fault('ResourceNotFoundException', `Function not found: ${arnOf(reference)}`);
}

/** Throws ResourceNotFoundException unless the function is there. */
export async function readFunction(reader: Reader, { reference, rows }: Target): Promise<FunctionRow> {
  const row = await rows.functions.get(reader, [reference.name]);
  if (row === undefined) throw notFound(reference);
  return row;
}

/** The version that a qualifier names; an alias answers its main one. */
export async function readVersion(reader: Reader, target: Target): Promise<FunctionVersion> {
  const { reference, rows } = target;
  const { name, qualifier } = reference;
  const row = await readFunction(reader, target);
  if (qualifier === undefined || qualifier === LATEST) return row.latest;
  let number = qualifier;
  if (!isVersionNumber(qualifier)) {
    const alias = await rows.aliases.get(reader, [name, qualifier]);
    if (alias === undefined) throw notFound(reference);
    number = alias.version;
    if (number === LATEST) return row.latest;
  }
  const version = await rows.versions.get(reader, [name, Number(number)]);
  if (version === undefined) throw notFound(reference);
  return version;
}

export function aliasNotFound(reference: FunctionReference, name = reference.qualifier): Error {
  return fault('ResourceNotFoundException', `Cannot find alias arn: ${arnOf(reference, name)}`);
}

/** The same, for operations that miss an alias before they miss its function. */
export async function readAliased(reader: Reader, target: Target): Promise<FunctionVersion> {
  const { reference, rows } = target;
  const { name, qualifier } = reference;
  if (qualifier !== undefined && isAliasName(qualifier)) {
    const alias = await rows.aliases.get(reader, [name, qualifier]);
    if (alias === undefined) throw aliasNotFound(reference);
  }
  return readVersion(reader, target);
}

/** The revision of what a qualifier names: an alias has its own. */
export async function readRevision(reader: Reader, target: Target): Promise<string> {
  const { name, qualifier } = target.reference;
  const alias =
    qualifier === undefined || !isAliasName(qualifier)
      ? undefined
      : await target.rows.aliases.get(reader, [name, qualifier]);
  return alias?.revisionId ?? (await readVersion(reader, target)).revisionId;
}

/** Throws PreconditionFailedException when a request expects another revision. */
export function checkRevision(expected: string | undefined, actual: string, call: string): void {
  if (expected === undefined || expected === actual) return;
  throw fault(
    'PreconditionFailedException',
    `The Revision Id provided does not match the latest Revision Id. Call the ${call} API to retrieve the latest Revision Id`,
  );
}
